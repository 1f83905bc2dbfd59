package io.github.realtimespring.room;

/**
 * What became of the position that a client brought to a join (SPEC §10).
 *
 * @since 0.1.0
 */
public enum Recovery {
    /** It brought none. */
    NOT_ASKED,
    /** It gets every event it missed. */
    RECOVERED,
    /** It missed more events than a join recovers, and gets none of them. */
    PARTIAL_REFUSED,
    /** The position is of another stream, of the future, or of a time that no history remembers. */
    EXPIRED
}
