package io.github.realtimespring.fanout;

/**
 * Who still gets an event after the pass took its snapshot of the members (SPEC §3).
 *
 * @since 0.1.0
 */
public enum MembershipCutoff {
    /** Who left meanwhile does not. */
    RECHECK,
    /** Everybody who was a member at that moment. */
    SNAPSHOT
}
