package io.github.realtimespring.backplane;

/**
 * What became of an event at the backplane (SPEC §6).
 *
 * @since 0.1.0
 */
public enum BackplaneOutcome {
    /** Handed over, at most once. */
    PUBLISHED,
    /** The backplane could not be written; members on this node got it. */
    LOCAL_ONLY,
    /** The store has it; it has a cursor. */
    RECORDED,
    /** Certainly not sent, and nobody got it. */
    REJECTED,
    /** Timed out in flight: it may or may not be there. A repeat with the same id is safe. */
    UNKNOWN
}
