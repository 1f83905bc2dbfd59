package io.github.realtimespring.registry;

import java.util.Locale;

/**
 * Hears what becomes of places, for meters. Called on any thread; returns at once and does not throw.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface PlaceListener {

    /** What became of a place. */
    enum Change {
        /** A connection has one. */
        GRANTED,
        /** A connection has none, and is refused. */
        REFUSED,
        /** The store could not be asked: the connection is let in without one. */
        UNDECIDED,
        /** A connection has lost its place to another one, and is closed. */
        SUPERSEDED,
        /** A connection has its place again, or at last, after the store was away. */
        RESTORED,
        /** The store could not be asked to renew the lease of a place. */
        UNRENEWED;

        private final String wireName = name().toLowerCase(Locale.ROOT);

        /** The value of the meter's tag. */
        public String wireName() {
            return this.wireName;
        }
    }

    /** @param places how many it happened to */
    void changed(Change change, int places);
}
