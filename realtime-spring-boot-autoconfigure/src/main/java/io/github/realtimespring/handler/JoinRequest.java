package io.github.realtimespring.handler;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A client's wish to join a room.
 *
 * @param connection who wants to join
 * @param room the room's name, such as {@code project:42}
 * @param pattern the pattern it matched
 * @param variables the variables of the pattern, as they stand in the name
 * @param data what the client sent with it
 * @since 0.1.0
 */
public record JoinRequest(
        RealtimeConnection connection,
        String room,
        String pattern,
        Map<String, String> variables,
        @Nullable JsonNode data) {}
