package io.github.realtimespring.test;

import io.github.realtimespring.ConnectionId;
import java.time.Duration;
import java.util.List;

/** A client's end of one connection, on any transport. What arrives is in the {@link Inbox} it was opened with. */
interface TestConnection {

    /** Sends a text message, in order; nothing happens if the connection has ended. */
    void send(String text);

    /** Reads nothing from now on. */
    void stopReading();

    /** Reads what waits and goes on reading. */
    void resumeReading();

    /** Ends the connection from the client's side. */
    void disconnect();

    boolean isEnded();

    /** What a socket has beyond that: time passes between its two ends. */
    interface Socket extends TestConnection {

        Inbox inbox();

        /** The connections that the server has for this client. */
        List<ConnectionId> ids();

        /** Connections that have ended on this side, of which the server may not know yet. */
        List<ConnectionId> endedIds();

        /** Whether requests are on their way that were sent before this side ended what they belong to. */
        default boolean hasLateRequests() {
            return false;
        }

        boolean isReading();

        /** Waits until what was sent has reached the server; false if it has not in time. */
        boolean awaitSent(Duration timeout);
    }
}
