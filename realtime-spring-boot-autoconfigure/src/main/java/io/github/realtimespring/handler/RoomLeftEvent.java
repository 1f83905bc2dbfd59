package io.github.realtimespring.handler;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.room.LeaveReason;

/**
 * An application event: a connection is no longer in a room. Published on the thread of a handler.
 *
 * @param connection who left
 * @param key the room
 * @param pattern the pattern that it matched
 * @param reason why
 * @since 0.1.0
 */
public record RoomLeftEvent(RealtimeConnection connection, RoutingKey key, String pattern, LeaveReason reason) {}
