package io.github.realtimespring.handler;

import io.github.realtimespring.RealtimeException;
import org.jspecify.annotations.Nullable;

/**
 * Hears of every handler that runs, for meters and traces. Called on the thread of the handler; implementations return at
 * once and do not throw.
 *
 * @since 0.1.0
 */
public interface HandlerListener {

    /** One call of one handler. */
    interface Call {

        /** Surrounds the method on its thread; closed when the method has returned, before its stage completes. */
        default Scope open() {
            return () -> {};
        }

        /**
         * The call is over.
         *
         * @param failure what the client is answered; {@code null} if it went well
         * @param cause what was thrown
         */
        void finished(@Nullable RealtimeException failure, @Nullable Throwable cause);
    }

    /** What is in force while a method runs. */
    @FunctionalInterface
    interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    /** A handler is about to run. */
    Call started(HandlerDescription handler, RoomCall call);

    /** One that does nothing. */
    static HandlerListener none() {
        return (handler, call) -> (failure, cause) -> {};
    }
}
