package io.github.realtimespring.connection;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.OverflowPolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several listeners as one. */
record ConnectionListeners(List<ConnectionListener> listeners) implements ConnectionListener {

    @Override
    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
        for (ConnectionListener listener : this.listeners) {
            listener.closed(connection, reason, initiator);
        }
    }

    @Override
    public void overflowed(Connection connection, OverflowPolicy policy, @Nullable Delivery delivery) {
        for (ConnectionListener listener : this.listeners) {
            listener.overflowed(connection, policy, delivery);
        }
    }

    @Override
    public void gapDeclared(Connection connection, GapReason reason) {
        for (ConnectionListener listener : this.listeners) {
            listener.gapDeclared(connection, reason);
        }
    }

    @Override
    public void flushed(Connection connection, int frames, long bytes, long waitedNanos) {
        for (ConnectionListener listener : this.listeners) {
            listener.flushed(connection, frames, bytes, waitedNanos);
        }
    }

    @Override
    public void heartbeat(Connection connection, long roundTripNanos) {
        for (ConnectionListener listener : this.listeners) {
            listener.heartbeat(connection, roundTripNanos);
        }
    }

    @Override
    public void heartbeatMissed(Connection connection) {
        for (ConnectionListener listener : this.listeners) {
            listener.heartbeatMissed(connection);
        }
    }
}
