package io.github.realtimespring.architecture.violations.layers.actuate;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.autoconfigure.LooksUp upward;
}
