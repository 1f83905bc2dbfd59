package io.github.realtimespring.protocol;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RealtimeConnection;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Decides what everybody who watches a room is told of a member besides its name and state: a display name, a picture, a
 * colour. Called once for every join, off the event loops, after the access rule said yes and before there is a
 * membership. A bean of this type is used for every room.
 *
 * <p>A join is refused with {@code too-large} for more than {@code realtime.presence.max-data}, and with
 * {@code invalid-payload} for what is not a JSON object or has members named {@code __proto__}: so what the client sent
 * may be passed on.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface PresenceCustomizer {

    /**
     * What is told of the user. Of several connections that of the newest counts.
     *
     * @param room the room that is joined
     * @param join what the client sent along with the join, or {@code null}
     * @return anything that is encoded as a JSON object, or {@code null} for nothing
     * @throws io.github.realtimespring.RealtimeException to refuse the join
     */
    @Nullable
    Object data(RealtimeConnection connection, RoutingKey room, @Nullable JsonNode join);
}
