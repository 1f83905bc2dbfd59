package io.github.realtimespring.architecture.violations.layers.backplane;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.connection.LooksUp upward;
}
