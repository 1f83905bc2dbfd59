package io.github.realtimespring.architecture.violations.layers;

import io.github.realtimespring.architecture.violations.layers.connection.LooksUp;

public class RootUsesConnection {
    LooksUp upward;
}
