package io.github.realtimespring.backplane;

import java.util.Locale;

/**
 * What became of something that the backplane brought (SPEC §6). Every message gets exactly one of these.
 *
 * @since 0.1.0
 */
public enum Received {
    /** Local delivery took it. */
    DELIVERED,
    /** Nobody on this node is in the key. */
    NO_MEMBERS,
    /** It came from here, and members here had it before it was published. */
    SELF,
    /** It was here already. */
    DUPLICATE,
    /** It came after its loss was declared. */
    LATE,
    /** Events of the stream before it are missing: it is delivered behind them, from the store. */
    BEHIND,
    /** Local delivery has too much to do: declared by a {@code gap}, or delivered later from the store. */
    REFUSED,
    /** It is not an envelope of a version that is understood, or something in it is not valid. */
    MALFORMED,
    /** It is larger than allowed. */
    OVERSIZED,
    /** It is of another application, or of another key or tenant than its channel. */
    FOREIGN,
    /** Signing is on and it has no signature, or a wrong one. */
    UNSIGNED;

    private final String wireName = name().toLowerCase(Locale.ROOT).replace('_', '-');

    /** The value of the meter's tag, such as {@code no-members}. */
    public String wireName() {
        return this.wireName;
    }
}
