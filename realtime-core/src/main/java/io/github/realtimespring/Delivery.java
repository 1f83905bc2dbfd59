package io.github.realtimespring;

import java.util.Locale;

/**
 * The four delivery classes by name (SPEC §7); {@link DeliveryClass} has what each of them does.
 *
 * @since 0.1.0
 */
public enum Delivery {
    /** Newest value matters, loss is silent: typing, pointers. */
    EPHEMERAL,
    /** Loss is allowed and declared: notices. */
    STANDARD,
    /** In a room's stream, resumable: chat. */
    RECOVERABLE,
    /** As recoverable, acknowledged by the store, and a slow consumer is closed: approvals. */
    CRITICAL;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** The name in properties and meter tags. */
    public String wireName() {
        return this.wireName;
    }
}
