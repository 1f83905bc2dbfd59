package io.github.realtimespring.backplane;

import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Moves events between the processes of an application (SPEC §6). Topic and channel names are known only inside an
 * adapter. The rules, with what each is for, are in {@code docs/contracts/backplane.md};
 * {@code BackplaneAdapterContract} in the test starter asks for them.
 *
 * <ol>
 *   <li>No method waits for the network: what takes time is in the returned stage.
 *   <li>Events of one key published by one caller one after the other reach every listener in that order.
 *   <li>An event whose order is {@code backplane-only} reaches the listener of every node with local members, the
 *       publishing one included; any other event reaches the other nodes only.
 *   <li>A stage of {@link #publish} never fails: it completes with an outcome.
 *   <li>After {@link #close} nothing reaches the listener.
 *   <li>An event that does not reach a listener whose node had subscribed the key is declared there as a loss, or
 *       delivered later in its place.
 * </ol>
 *
 * @since 0.1.0
 */
public interface BackplaneAdapter extends AutoCloseable {

    /** The name in properties and meters, such as {@code local}. */
    String name();

    /** Begins to hand events to {@code listener}. Called once, before anything else. */
    void start(BackplaneListener listener);

    /**
     * Hands an event over. {@code REJECTED} and {@code LOCAL_ONLY} say that no other node gets it; a local-first event
     * has reached members here all the same.
     */
    CompletionStage<Published> publish(BackplaneMessage message);

    /**
     * Members here got an event that is not published, because the backplane cannot be written: the other nodes are to
     * be told that they miss one.
     */
    default void withheld(Event event) {}

    /** Completes when events of {@code key} published from now on will arrive; fails if that cannot be had. */
    CompletionStage<Void> subscribe(RoutingKey key);

    /** Events of {@code key} are no longer needed here, as far as the caller knows. */
    CompletionStage<Void> unsubscribe(RoutingKey key);

    /** Whether events of {@code key} come to this node's listener. */
    default boolean isSubscribed(RoutingKey key) {
        return true;
    }

    /** Who does what other nodes ask for. Called before {@link #start}; without one nothing is done. */
    default void controls(ControlListener listener) {}

    /**
     * Asks every other node with connections of the user to do something. The stage never fails: {@code PUBLISHED} says
     * that they were told, at most once, {@code REJECTED} that they certainly were not. Without other nodes it has nothing
     * to do.
     */
    default CompletionStage<BackplaneOutcome> control(Control control) {
        return CompletableFuture.completedFuture(BackplaneOutcome.PUBLISHED);
    }

    BackplaneStatus status();

    @Override
    void close();
}
