package io.github.realtimespring.backplane;

import java.util.Locale;

/**
 * What a node has a {@link Broker} bring to it (SPEC §6). All nodes of an application use the same.
 *
 * @since 0.1.0
 */
public enum SubscriptionMode {
    /** The events of every key; nothing is asked of the broker for a key. */
    EAGER,
    /** The events of the keys that have members here. */
    LAZY,
    /** The events of the buckets into which keys are hashed and that have a key with members here. */
    SHARDED;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** As in properties and the start-up line, such as {@code lazy}. */
    public String wireName() {
        return this.wireName;
    }
}
