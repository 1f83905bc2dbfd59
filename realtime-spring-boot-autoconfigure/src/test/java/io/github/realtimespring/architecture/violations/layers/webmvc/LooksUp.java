package io.github.realtimespring.architecture.violations.layers.webmvc;

public class LooksUp {
    io.github.realtimespring.architecture.violations.layers.actuate.LooksUp upward;
}
