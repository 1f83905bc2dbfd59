package io.github.realtimespring.architecture.violations.nullness.room;

public class Unmarked {}
