package io.github.realtimespring.protocol;

/**
 * What became of a publish with an idempotency key (SPEC §6).
 *
 * @since 0.1.0
 */
public enum KeyedPublish {
    /** Its handler ran: there was none before, or the one before had failed. */
    FIRST,
    /** It was answered what the first one had been answered. */
    REPEATED,
    /** The first one was under way, here or on another node, and both were answered the same. */
    AWAITED,
    /** Its handler ran though the store that nodes share could not be asked whether it is a repeat on another node. */
    UNSHARED
}
