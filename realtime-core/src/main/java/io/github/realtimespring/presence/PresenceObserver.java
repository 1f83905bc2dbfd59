package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;

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

    /** One that does nothing. */
    static PresenceObserver none() {
        return new PresenceObserver() {};
    }
}
