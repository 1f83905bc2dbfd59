package io.github.realtimespring.architecture.violations.cycles.room;

public class UsesRegistry {
    io.github.realtimespring.architecture.violations.cycles.registry.UsesRoom other;
}
