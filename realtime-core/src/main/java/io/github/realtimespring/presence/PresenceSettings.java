package io.github.realtimespring.presence;

import java.time.Duration;

/**
 * What presence goes by.
 *
 * @param debounce how long a change has to last before anybody is told
 * @param grace how long a user stays whose last connection was lost rather than closed
 * @param lease how long what a node said counts when the node is no longer heard of
 * @param maxListed how many users of a room are listed; above that they are counted only
 * @param maxDataBytes how large what the application says of a member may be, encoded
 * @param enabled whether anything of it happens
 * @param shared whether the nodes of the application share the store; if not, every node is on its own
 * @since 0.1.0
 */
public record PresenceSettings(
        Duration debounce,
        Duration grace,
        Duration lease,
        int maxListed,
        int maxDataBytes,
        boolean enabled,
        boolean shared) {

    /** One process, and the times that the properties begin with. */
    public static final PresenceSettings DEFAULTS = new PresenceSettings(
            Duration.ofMillis(500), Duration.ofSeconds(15), Duration.ofSeconds(30), 1000, 1024, true, false);

    public PresenceSettings {
        if (debounce.isNegative() || grace.isNegative() || lease.toMillis() < 1 || maxListed < 0 || maxDataBytes < 2) {
            throw new IllegalArgumentException("the times and bounds of presence must not be negative");
        }
    }

    /** Time between two renewals of a lease, and between two looks for leases that ended. */
    Duration renewal() {
        return this.lease.dividedBy(3);
    }
}
