package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;

/**
 * The protocol of one connection, whatever its transport (PROTOCOL).
 *
 * @since 0.1.0
 */
public final class ProtocolSession {

    private final Connection connection;

    ProtocolSession(Connection connection) {
        this.connection = connection;
    }

    public Connection connection() {
        return this.connection;
    }

    /**
     * Takes one text message of the client, in the order in which they came, from one thread at a time. Returns at once
     * and never throws; what a frame starts runs elsewhere.
     */
    public void receive(String text) {
        this.connection.inbound();
    }

    /** The transport has ended, whoever began it; the transport calls this exactly once, also after its own close. */
    public void closed(CloseReason reason) {
        this.connection.closed(reason);
    }
}
