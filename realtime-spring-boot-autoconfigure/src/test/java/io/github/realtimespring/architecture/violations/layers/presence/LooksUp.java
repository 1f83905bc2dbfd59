package io.github.realtimespring.architecture.violations.layers.presence;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.handler.LooksUp upward;
}
