package io.github.realtimespring.architecture.violations.place.misc;

public class Stray {}
