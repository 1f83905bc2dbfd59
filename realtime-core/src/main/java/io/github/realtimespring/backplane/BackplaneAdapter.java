package io.github.realtimespring.backplane;

import io.github.realtimespring.RoutingKey;
import java.util.concurrent.CompletionStage;

/**
 * Moves events between the processes of an application (SPEC §6). Topic and channel names are known only inside an
 * adapter.
 *
 * <ol>
 *   <li>No method waits for the network: what takes time is in the returned stage.
 *   <li>Events of one key published by one caller one after the other reach every listener in that order.
 *   <li>An event whose order is {@code backplane-only} reaches the listener of every node with local members, the
 *       publishing one included; any other event reaches the other nodes only.
 *   <li>A stage of {@link #publish} never fails: it completes with an outcome.
 *   <li>After {@link #close} nothing reaches the listener.
 * </ol>
 *
 * @since 0.1.0
 */
public interface BackplaneAdapter extends AutoCloseable {

    /** The name in properties and meters, such as {@code local}. */
    String name();

    /** Begins to hand events to {@code listener}. Called once, before anything else. */
    void start(BackplaneListener listener);

    /** Hands an event over. */
    CompletionStage<Published> publish(BackplaneMessage message);

    /** Completes when events of {@code key} published from now on will arrive; fails if that cannot be had. */
    CompletionStage<Void> subscribe(RoutingKey key);

    /** Events of {@code key} are no longer needed here. */
    CompletionStage<Void> unsubscribe(RoutingKey key);

    BackplaneStatus status();

    @Override
    void close();
}
