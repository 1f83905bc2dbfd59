package io.github.realtimespring.architecture.violations.layers.redis;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.autoconfigure.LooksUp upward;
}
