package io.github.realtimespring.architecture.violations.names.room;

public class RoomManager {}
