package io.github.realtimespring.architecture.violations.layers.autoconfigure;

public class LooksUp {}
