package io.github.realtimespring.handler;

/** Signatures; the rest follows. */
record RoomMapping(RoomPattern pattern) {}
