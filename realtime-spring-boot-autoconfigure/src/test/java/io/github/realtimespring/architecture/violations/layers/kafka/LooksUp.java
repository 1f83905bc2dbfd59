package io.github.realtimespring.architecture.violations.layers.kafka;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.autoconfigure.LooksUp upward;
}
