package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;

/**
 * One connection in one key. Holds ids only, so a membership never keeps a closed connection alive.
 *
 * @since 0.1.0
 */
public final class Membership {

    private final RoutingKey key;
    private final ConnectionId connectionId;
    /** Index in the members of the key, -1 once it is over. Written under the key's monitor. */
    volatile int slot;

    Membership(RoutingKey key, ConnectionId connectionId) {
        this.key = key;
        this.connectionId = connectionId;
    }

    public RoutingKey key() {
        return this.key;
    }

    public ConnectionId connectionId() {
        return this.connectionId;
    }

    /** Whether the connection is still in the key by this membership. */
    public boolean isCurrent() {
        return this.slot >= 0;
    }

    @Override
    public String toString() {
        return "Membership[" + this.connectionId + " in " + this.key + (isCurrent() ? "]" : ", over]");
    }
}
