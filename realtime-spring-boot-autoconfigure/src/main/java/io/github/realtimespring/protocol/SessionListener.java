package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.room.Recovery;
import org.jspecify.annotations.Nullable;

/**
 * Hears what clients do, for meters and traces. Called without any lock held, on whatever thread it happened;
 * implementations return at once and do not throw.
 *
 * @since 0.1.0
 */
public interface SessionListener {

    /** One join under way, from the access rule to {@code joined}. */
    interface Call {

        /** Makes this join the current one of the calling thread, until the result is closed on the same thread. */
        default Scope open() {
            return () -> {};
        }

        /**
         * The client brought a cursor and {@code joined} was sent; called before {@link #finished}.
         *
         * @param replayed how many events it gets that it had missed
         */
        default void resumed(Recovery recovery, int replayed) {}

        /** It is over; called once, on any thread. {@code failure} is what the client was answered, if it failed. */
        default void finished(@Nullable Throwable failure) {}
    }

    /** See {@link Call#open()}. */
    interface Scope extends AutoCloseable {

        @Override
        void close();
    }

    /** A connection was admitted; {@code welcome} is on its way. */
    default void opened(Connection connection) {}

    /** A connection was refused after its handshake had been accepted. */
    default void refused(Connection connection, CloseReason reason) {}

    /** A frame came; {@code type} is one of the protocol's frame types or {@code unknown}. */
    default void received(Connection connection, String type) {}

    /** A frame was over the rate, or the mailbox was full. */
    default void rateLimited(Connection connection) {}

    /** The client was answered with an error. */
    default void failed(Connection connection, ErrorCode code) {}

    /**
     * A join of a room that has handlers begins. It was allowed if it finishes without a failure, denied if the failure
     * is {@code forbidden}.
     *
     * @param resuming whether the client had been in the room before and wants to go on from there
     */
    default Call joining(Connection connection, String pattern, boolean resuming) {
        return new Call() {};
    }

    /** Work for a frame did not end in time; the client was answered {@code timeout}. */
    default void timedOut(Connection connection) {}

    /** A publish with an idempotency key was handled, or answered without. */
    default void keyed(KeyedPublish outcome) {}

    /** One that does nothing. */
    static SessionListener none() {
        return new SessionListener() {};
    }
}
