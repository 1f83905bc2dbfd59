package io.github.realtimespring.handler;

import io.github.realtimespring.RoutingKey;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One connection in one room, for as long as it is there or tries to be.
 *
 * @param connection whose call it is
 * @param key the room, inside the connection's tenant
 * @param match what {@link RoomHandlers#match} said about the room's name
 * @param joinData what the client sent with {@code join}
 * @since 0.1.0
 */
public record RoomCall(
        RealtimeConnection connection,
        RoutingKey key,
        RoomMatch match,
        @Nullable JsonNode joinData) {}
