package io.github.realtimespring.architecture.violations.layers.connection;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.registry.LooksUp upward;
}
