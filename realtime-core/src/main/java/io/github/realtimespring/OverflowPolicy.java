package io.github.realtimespring;

/**
 * What a full connection queue answers (SPEC §4).
 *
 * @since 0.1.0
 */
public enum OverflowPolicy {
    /** Close the connection with 1013. */
    CLOSE,
    /** Refuse the new event. */
    DROP_NEWEST,
    /** Remove the oldest events that may be dropped until the new one fits. */
    DROP_OLDEST,
    /** A newer value takes the slot of the unsent older one with the same coalesce key; without one, refuse it. */
    COALESCE,
    /**
     * Keep it out of the queue, with everything that follows it in the room's stream, and go on from the history when the
     * queue has room again. For classes with a place in the stream.
     */
    PAUSE,
    /** Whatever the connection's own default says. */
    CONNECTION
}
