package io.github.realtimespring.architecture.violations.inheritance.room;

public abstract class AbstractRoom {}
