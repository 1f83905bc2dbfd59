package io.github.realtimespring.architecture.violations.layers.webflux;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.actuate.LooksUp upward;
}
