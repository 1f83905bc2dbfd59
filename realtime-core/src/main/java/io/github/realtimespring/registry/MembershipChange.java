package io.github.realtimespring.registry;

/**
 * What a mutation of the {@link RoomRegistry} changed.
 *
 * @since 0.1.0
 */
public enum MembershipChange {
    /** Nothing: it was so already. */
    NONE,
    /** The connection is in the key now. */
    JOINED,
    /** The connection is in the key now, and it is the only one. */
    JOINED_FIRST,
    /** The connection is no longer in the key. */
    LEFT,
    /** The connection is no longer in the key, and nobody else is; the key is gone. */
    LEFT_LAST,
    /** The connection is not registered, or no longer. */
    NOT_CONNECTED,
    /** The key has its maximum of members. */
    FULL;

    /** Whether the connection is a member since this mutation. */
    public boolean joined() {
        return this == JOINED || this == JOINED_FIRST;
    }

    /** Whether the connection was a member until this mutation. */
    public boolean left() {
        return this == LEFT || this == LEFT_LAST;
    }
}
