package io.github.realtimespring.handler;

import io.github.realtimespring.RoutingKey;

/**
 * An application event: a connection is in a room and is about to be told so. Published on the thread of a handler, for
 * every successful join, a repeated one included; each membership that it tells of ends with one {@link RoomLeftEvent}.
 *
 * @param connection who joined
 * @param key the room
 * @param pattern the pattern that it matched
 * @since 0.1.0
 */
public record RoomJoinedEvent(RealtimeConnection connection, RoutingKey key, String pattern) {}
