package io.github.realtimespring.connection;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.OverflowPolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hears what happens at connections, for cleanup and for meters. Called without any lock held, on whatever thread it
 * happened; implementations return at once and do not throw.
 *
 * @since 0.1.0
 */
public interface ConnectionListener {

    /** Who ended a connection. */
    enum Initiator {
        CLIENT,
        SERVER
    }

    /** The connection ends; called exactly once, when its queue takes nothing more. */
    default void closed(Connection connection, CloseReason reason, Initiator initiator) {}

    /**
     * A full queue dropped an event or closed the connection.
     *
     * @param delivery the class of the event; {@code null} if it was a frame without one
     */
    default void overflowed(Connection connection, OverflowPolicy policy, @Nullable Delivery delivery) {}

    /** A gap was queued. */
    default void gapDeclared(Connection connection, GapReason reason) {}

    /** Frames were handed to the peer; {@code waitedNanos} is the longest time one of them waited. */
    default void flushed(Connection connection, int frames, long bytes, long waitedNanos) {}

    /** An answer to a heartbeat came. */
    default void heartbeat(Connection connection, long roundTripNanos) {}

    /** The peer was silent for too long; the close follows. */
    default void heartbeatMissed(Connection connection) {}

    /** One that does nothing. */
    static ConnectionListener none() {
        return new ConnectionListener() {};
    }

    /** One that tells all of {@code listeners} in order. */
    static ConnectionListener all(List<? extends ConnectionListener> listeners) {
        return new ConnectionListeners(List.copyOf(listeners));
    }
}
