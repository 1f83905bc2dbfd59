package io.github.realtimespring.architecture.violations.layers.registry;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.room.LooksUp upward;
}
