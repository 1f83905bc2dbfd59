package io.github.realtimespring.protocol;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Lets this process go without losing what its clients were acknowledged (SPEC §13).
 *
 * @since 0.1.0
 */
public final class Drain implements AutoCloseable {

    /** Where the drain is, for gauges: 0, 1, 2. */
    public enum State {
        RUNNING,
        DRAINING,
        DRAINED
    }

    /** The steps, in their order. */
    public enum Step {
        /** Readiness goes off; new handshakes, joins and publishes are refused. */
        REFUSING,
        /** Every client has its {@code goaway}. */
        ANNOUNCED,
        /** Every connection has been told to close; queues flush. */
        FLUSHING,
        /** No connection is left, or the timeout is over. */
        DRAINED,
        /** The drain was called off; everything is accepted again. */
        RESUMED
    }

    /**
     * @param sessions whose connections go
     * @param spread over how much time the closes are spread, at most
     * @param timeout when it ends even if connections are left
     */
    public Drain(ProtocolSessions sessions, Duration spread, Duration timeout, DrainListener listener) {}

    /** Begins to drain, or joins the drain under way; the stage completes at its end and never fails. */
    public CompletionStage<Void> start() {
        return CompletableFuture.completedFuture(null);
    }

    /** Calls the drain off: connections that are left stay, and everything is accepted again. */
    public void stop() {}

    public State state() {
        return State.RUNNING;
    }

    /** Connections that are still held. */
    public int remaining() {
        return 0;
    }

    @Override
    public void close() {}
}
