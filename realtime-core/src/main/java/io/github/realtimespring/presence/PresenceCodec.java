package io.github.realtimespring.presence;

import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;

/**
 * Presence as JSON: between nodes, and as the fields of the {@code presence} frame that follow {@code type} and
 * {@code room}. The engine has no JSON library of its own. Thread-safe.
 *
 * @since 0.1.0
 */
public interface PresenceCodec {

    /** A change for the other nodes. */
    Payload encode(PresenceChange change);

    /**
     * The change that another node sent.
     *
     * @throws IllegalArgumentException if it is none
     */
    PresenceChange decode(RoutingKey room, Payload payload);

    /** A change for clients: {@code version}, what changed, {@code count}. */
    Payload difference(PresenceChange change);

    /** The whole for clients: {@code version}, {@code members} if they are listed, {@code count}. */
    Payload snapshot(RoomPresence presence);
}
