package io.github.realtimespring.room;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.registry.MembershipChange;

/**
 * Hears of memberships that began and ended. Called without locks, on the thread that made the change, which may be an
 * engine thread: implementations return at once and do not throw.
 *
 * @since 0.1.0
 */
public interface RoomListener {

    /** The join is complete and acknowledged. */
    default void joined(Connection connection, RoutingKey key) {}

    /** The membership is over; called once for every membership, unless its join failed. */
    default void left(Connection connection, RoutingKey key, LeaveReason reason, MembershipChange change) {}
}
