package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.List;
import java.util.Map;

/**
 * Hears what the fanout does, for meters and traces. Runs on engine threads: quick, without waiting, without throwing.
 *
 * @since 0.1.0
 */
public interface FanoutListener {

    /** Where a pass comes from. */
    enum Origin {
        LOCAL,
        REMOTE,
        REPLAY
    }

    /** One pass. */
    @FunctionalInterface
    interface Pass {
        void finished(FanoutReceipt receipt);
    }

    /** A pass takes its first turn. */
    default Pass started(Event event, Origin origin) {
        return receipt -> {};
    }

    /**
     * A pass takes its first turn.
     *
     * @param trace what {@link Publishing#trace} gave when the event was published, here or on another node; empty if it
     *     did not come from the backplane
     */
    default Pass started(Event event, Origin origin, Map<String, String> trace) {
        return started(event, origin);
    }

    /** A worker ended a turn. */
    default void turn(long nanos) {}

    /** A pass found memberships without a connection and removed them. */
    default void cleaned(int memberships) {}

    /** One event on its way to the backplane. */
    interface Publishing {

        /** What goes with the event to those who observe its passes, such as a W3C {@code traceparent}. */
        default Map<String, String> trace() {
            return Map.of();
        }

        /** The backplane answered, or was not asked because it cannot be written. On any thread. */
        void answered(BackplaneOutcome outcome);
    }

    /** An event is given to the backplane, by the thread that publishes it. */
    default Publishing publishing(Event event) {
        return outcome -> {};
    }

    /** One that tells all of {@code listeners} in order. */
    static FanoutListener all(List<? extends FanoutListener> listeners) {
        return new FanoutListeners(List.copyOf(listeners));
    }

    /** One that does nothing. */
    static FanoutListener none() {
        return new FanoutListener() {};
    }
}
