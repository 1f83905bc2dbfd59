package io.github.realtimespring.architecture.violations.layers.history;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.backplane.LooksUp upward;
}
