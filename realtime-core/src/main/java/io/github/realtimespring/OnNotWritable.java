package io.github.realtimespring;

/**
 * What a publish does while the backplane cannot be written (SPEC §7).
 *
 * @since 0.1.0
 */
public enum OnNotWritable {
    /** Members on this node get it; the receipt says {@code LOCAL_ONLY}. */
    LOCAL_ONLY,
    /** Nobody gets it; the receipt says {@code REJECTED}. */
    REJECT,
    /** Members on this node get it without a cursor, by choice of the application. */
    DEGRADE,
    /** As {@link #REJECT}, and connections in the room are closed with 4503. */
    CLOSE
}
