package io.github.realtimespring.room;

/**
 * Why a connection is no longer in a room.
 *
 * @since 0.1.0
 */
public enum LeaveReason {
    /** The client left. */
    CLIENT,
    /** The connection was closed. */
    CLOSED,
    /** The connection was silent or too slow. */
    TIMEOUT,
    /** The application evicted it. */
    KICKED,
    /** This node drains. */
    DRAIN
}
