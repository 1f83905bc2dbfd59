package io.github.realtimespring.sample;

/** A project, as the page lists it. */
record Project(long id, String name) {}
