package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import org.jspecify.annotations.Nullable;

/**
 * One connection in one key. Leads to the connection only while that is registered, so a membership never keeps a closed
 * connection alive.
 *
 * @since 0.1.0
 */
public final class Membership {

    private final RoutingKey key;
    private final Subscriber subscriber;
    /** Index in the members of the key, -1 once it is over. Written under the key's monitor. */
    volatile int slot;

    Membership(RoutingKey key, Subscriber subscriber) {
        this.key = key;
        this.subscriber = subscriber;
    }

    public RoutingKey key() {
        return this.key;
    }

    public ConnectionId connectionId() {
        return this.subscriber.id();
    }

    /** The connection while it is registered; {@code null} afterwards, or if there never was one in this process. */
    public @Nullable Connection connection() {
        return this.subscriber.connection();
    }

    /** Whether the connection is still in the key by this membership. */
    public boolean isCurrent() {
        return this.slot >= 0;
    }

    @Override
    public String toString() {
        return "Membership[" + connectionId() + " in " + this.key + (isCurrent() ? "]" : ", over]");
    }
}
