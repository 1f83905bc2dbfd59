package io.github.realtimespring.architecture.violations.layers.fanout;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.room.LooksUp upward;
}
