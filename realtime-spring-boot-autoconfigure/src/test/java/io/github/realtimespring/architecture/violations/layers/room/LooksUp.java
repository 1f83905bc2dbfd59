package io.github.realtimespring.architecture.violations.layers.room;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.fanout.LooksUp upward;
}
