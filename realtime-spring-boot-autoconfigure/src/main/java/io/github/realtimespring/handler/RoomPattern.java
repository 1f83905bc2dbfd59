package io.github.realtimespring.handler;

/** Signatures; the rest follows. */
record RoomPattern(String text) {}
