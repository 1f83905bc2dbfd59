package io.github.realtimespring.architecture.violations.layers.handler;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.protocol.LooksUp upward;
}
