package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Received;

/**
 * Takes the events of keys that the engine itself uses, in place of the members of these keys. Called like a
 * {@link io.github.realtimespring.backplane.BackplaneListener}: quick, without waiting.
 *
 * @since 0.1.0
 */
public interface InternalEvents {

    /** Whether events of a key are taken here. */
    boolean takes(RoutingKey key);

    /** One that another node published. */
    Received received(Event event);

    /** Whether events of the key still have to come. */
    boolean isNeeded(RoutingKey key);

    /** Some did not come. */
    void lost(RoutingKey key);

    /** One that takes nothing. */
    static InternalEvents none() {
        return new InternalEvents() {
            @Override
            public boolean takes(RoutingKey key) {
                return false;
            }

            @Override
            public Received received(Event event) {
                return Received.NO_MEMBERS;
            }

            @Override
            public boolean isNeeded(RoutingKey key) {
                return false;
            }

            @Override
            public void lost(RoutingKey key) {}
        };
    }
}
