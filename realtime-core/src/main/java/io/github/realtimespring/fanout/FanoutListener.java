package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.List;

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

    /** A worker ended a turn. */
    default void turn(long nanos) {}

    /** A pass found memberships without a connection and removed them. */
    default void cleaned(int memberships) {}

    /** The backplane answered. */
    default void published(Event event, BackplaneOutcome outcome, long nanos) {}

    /** One that tells all of {@code listeners} in order. */
    static FanoutListener all(List<? extends FanoutListener> listeners) {
        return new FanoutListeners(List.copyOf(listeners));
    }

    /** One that does nothing. */
    static FanoutListener none() {
        return new FanoutListener() {};
    }
}
