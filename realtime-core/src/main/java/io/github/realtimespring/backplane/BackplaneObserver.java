package io.github.realtimespring.backplane;

import io.github.realtimespring.RoutingKey;
import java.util.List;

/**
 * Hears what a {@link BrokerBackplane} does, for meters. Runs on threads of the engine and of the broker, some with a lock
 * held: quick, without waiting, without throwing, and never back to the backplane.
 *
 * @since 0.1.0
 */
public interface BackplaneObserver {

    /** Something arrived. */
    default void received(Received result) {}

    /**
     * Events were lost, and members are told.
     *
     * @param events how many, or {@link BackplaneListener#UNKNOWN_LOSS}
     */
    default void lost(RoutingKey key, long events) {}

    /** Missing events of a stream were read from the store and delivered. */
    default void caughtUp(RoutingKey key, long events) {}

    /** A subscription began, or ended. */
    default void subscriptionChanged(boolean began) {}

    /** The status is another one. */
    default void statusChanged(BackplaneStatus status) {}

    /**
     * An own beacon came back: what is sent now takes about as long.
     *
     * @param nanos from its announcement to its return, by the clock of this process
     */
    default void lag(long nanos) {}

    /** Another node is heard of for the first time, or again, or not any more. */
    default void peersChanged() {}

    /** The connection that receives was lost and is back. */
    default void reconnected() {}

    /** One that does nothing. */
    static BackplaneObserver none() {
        return new BackplaneObserver() {};
    }

    /** Several as one: each hears everything, in their order. */
    static BackplaneObserver all(List<? extends BackplaneObserver> observers) {
        return observers.size() == 1 ? observers.get(0) : new BackplaneObservers(observers);
    }
}
