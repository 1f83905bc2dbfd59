package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;
import java.util.List;

/**
 * Hears what presence does, for meters. Runs on engine threads: quick, without waiting, without throwing.
 *
 * @since 0.1.0
 */
public interface PresenceObserver {

    /** This node told everybody of a change in a room that it owns. */
    default void published(PresenceChange change) {}

    /** Changes were undone before anybody had been told. */
    default void suppressed(int changes) {}

    /** The watchers of a room got the whole, because a version was missing here. */
    default void resynced(RoutingKey room) {}

    /** One that tells all of {@code observers} in order. */
    static PresenceObserver all(List<? extends PresenceObserver> observers) {
        List<PresenceObserver> all = List.copyOf(observers);
        return new PresenceObserver() {
            @Override
            public void published(PresenceChange change) {
                all.forEach(observer -> observer.published(change));
            }

            @Override
            public void suppressed(int changes) {
                all.forEach(observer -> observer.suppressed(changes));
            }

            @Override
            public void resynced(RoutingKey room) {
                all.forEach(observer -> observer.resynced(room));
            }
        };
    }

    /** One that does nothing. */
    static PresenceObserver none() {
        return new PresenceObserver() {};
    }
}
