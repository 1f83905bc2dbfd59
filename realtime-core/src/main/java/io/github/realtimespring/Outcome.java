package io.github.realtimespring;

/**
 * What became of one event at one connection (SPEC §3).
 *
 * @since 0.1.0
 */
public enum Outcome {
    /**
     * The queue took it, or the connection gets it from the history in its turn: its room is paused there, or just being
     * joined.
     */
    ACCEPTED,
    /** It took the slot of an older value that had not been sent yet. */
    COALESCED,
    /** The queue was full and its class allows the loss; declared by a {@code gap} unless the class is silent. */
    DROPPED,
    /** The connection was closing, or closed because its queue was full. */
    CLOSED,
    /** The member left after the snapshot, or there is no such connection any more. */
    STALE
}
