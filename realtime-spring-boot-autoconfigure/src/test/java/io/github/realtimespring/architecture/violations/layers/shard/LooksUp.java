package io.github.realtimespring.architecture.violations.layers.shard;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.registry.LooksUp upward;
}
