package io.github.realtimespring.backplane;

/**
 * Receives what comes from the backplane, the own backplane-only events among it. One per adapter, set at start.
 *
 * @since 0.1.0
 */
public interface BackplaneListener {

    /**
     * Takes an event into local delivery. Called for one key by one thread at a time and in the key's order; returns
     * without waiting.
     *
     * @throws io.github.realtimespring.RealtimeException if it cannot be taken now; nobody received it
     */
    void onMessage(BackplaneMessage message);
}
