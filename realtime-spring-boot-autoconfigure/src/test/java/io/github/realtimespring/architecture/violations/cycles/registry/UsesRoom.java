package io.github.realtimespring.architecture.violations.cycles.registry;

public class UsesRoom {
    io.github.realtimespring.architecture.violations.cycles.room.UsesRegistry other;
}
