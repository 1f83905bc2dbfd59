package io.github.realtimespring.autoconfigure;

/** A transport that was set up, as the start-up line names it. */
record TransportName(String name) {}
