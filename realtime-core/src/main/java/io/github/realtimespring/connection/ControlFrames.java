package io.github.realtimespring.connection;

import io.github.realtimespring.RoutingKey;

/**
 * The frames that the engine itself sends, in the encoding of one wire format. Implementations may cache: the frames
 * hold nothing that belongs to one connection.
 *
 * @since 0.1.0
 */
public interface ControlFrames {

    /** A heartbeat. */
    Frame ping();

    /** The declaration that events of {@code key} were lost. */
    Frame gap(RoutingKey key, GapReason reason);
}
