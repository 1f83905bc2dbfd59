package io.github.realtimespring.backplane;

import io.github.realtimespring.RoutingKey;

/**
 * Receives what comes from the backplane, the own backplane-only events among it. One per adapter, set at start.
 *
 * <p>No method waits. An adapter may hold a lock of its own while it calls, so nothing here calls the adapter back.
 *
 * @since 0.1.0
 */
public interface BackplaneListener {

    /** The size of a loss that cannot be told. */
    long UNKNOWN_LOSS = -1;

    /**
     * Takes an event into local delivery. Called for one key by one thread at a time and in the key's order.
     *
     * @return {@code DELIVERED}, {@code NO_MEMBERS}, {@code SELF} or {@code DUPLICATE}
     * @throws io.github.realtimespring.RealtimeException if it cannot be taken now; nobody received it, and it may be
     *     brought again
     */
    Received onMessage(BackplaneMessage message);

    /**
     * Offers the calling thread for what it brings until the result is closed, on the same thread: what
     * {@link #onMessage} took for few members may be delivered then, in place of waking another thread. No lock is held
     * when it is opened and when it is closed.
     */
    default Delivering delivering() {
        return Delivering.NOTHING;
    }

    /** See {@link BackplaneListener#delivering}. */
    interface Delivering extends AutoCloseable {

        Delivering NOTHING = () -> {};

        @Override
        void close();
    }

    /** Whether the event was published or delivered here, as far as that is remembered. */
    boolean isKnown(RoutingKey key, String eventId);

    /** Whether the key has members here. */
    boolean isNeeded(RoutingKey key);

    /**
     * Events of a key did not arrive and will not: its members get a {@code gap} with reason {@code backplane}, behind
     * everything that {@link #onMessage} took before.
     *
     * @param events how many, or {@link #UNKNOWN_LOSS}
     * @return whether somebody misses them; not so where the engine itself asks again
     */
    boolean onLoss(RoutingKey key, long events);

    /** How many connections this node has, for other nodes to see. */
    default int connections() {
        return 0;
    }
}
