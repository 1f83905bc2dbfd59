package io.github.realtimespring.connection;

import io.github.realtimespring.CloseReason;

/**
 * The port to a transport instance: one WebSocket, one event stream, one poll (DESIGN, transports pull).
 *
 * <ol>
 *   <li>{@link #wakeUp} is called when the queue turns from idle to ready, from any thread, and not again until
 *       {@link SendQueue#poll} has returned {@code null}. It must return without waiting for the peer and without
 *       throwing. Intent: a slow peer costs its own queue and nothing else.
 *   <li>The transport then polls, writes what it got, calls {@link SendQueue#written} when the write is done, and polls
 *       again until {@code null}. It polls from one thread at a time.
 *   <li>{@link #close} is called at most once, from any thread, and must not wait for the peer either. Afterwards the
 *       transport no longer writes frames.
 *   <li>When the peer goes away by itself the transport calls {@link Connection#closed}.
 * </ol>
 *
 * @since 0.1.0
 */
public interface ConnectionTransport {

    /** How a peer that is gone is noticed. */
    enum Heartbeat {
        /** It answers heartbeats: its silence means that it is gone. */
        ANSWERED,
        /** It cannot answer: a heartbeat that cannot be written within the send timeout means that it is gone. */
        WRITTEN,
        /** The transport notices by itself and writes no heartbeats. */
        NONE
    }

    /** Frames are ready in {@code queue}. */
    void wakeUp(SendQueue queue);

    /**
     * The same, from a thread that has nothing else to do: a transport that can write without waiting may drain the queue
     * on it, and so save a hand-over to another thread.
     */
    default void wakeUpNow(SendQueue queue) {
        wakeUp(queue);
    }

    /** Ends the transport with {@code reason}. */
    void close(CloseReason reason);

    /** The encoding this transport sends. */
    WireFormat format();

    /** The name in meters: {@code websocket}, {@code sse}, {@code poll}. */
    String name();

    /** How a peer that is gone is noticed. */
    default Heartbeat heartbeat() {
        return Heartbeat.ANSWERED;
    }
}
