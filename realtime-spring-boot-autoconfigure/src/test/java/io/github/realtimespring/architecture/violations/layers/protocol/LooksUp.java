package io.github.realtimespring.architecture.violations.layers.protocol;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.webmvc.LooksUp upward;
}
