package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.fanout.PublishReceipt;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where {@link RealtimeTemplate} sends: the members of a room, the connections of a user, the subscribers of a channel or
 * topic, or one connection. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class RealtimeTarget {

    private final RealtimeTemplate template;
    private final RoutingKey key;
    private final Set<ConnectionId> except;
    private final @Nullable ConnectionId only;

    RealtimeTarget(RealtimeTemplate template, RoutingKey key, Set<ConnectionId> except, @Nullable ConnectionId only) {
        this.template = template;
        this.key = key;
        this.except = except;
        this.only = only;
    }

    /** The same target without some connections. They are left out of live delivery only, never of a replay. */
    public RealtimeTarget except(ConnectionId... connections) {
        Set<ConnectionId> all = new HashSet<>(this.except);
        all.addAll(List.of(connections));
        return new RealtimeTarget(this.template, this.key, Set.copyOf(all), this.only);
    }

    /**
     * Sends an event whose name and class {@code @RealtimeEvent} declares on the type of {@code data}.
     *
     * @see #send(String, Object)
     */
    public PublishReceipt send(Object data) {
        return this.template.send(event(null, data), this.only);
    }

    /**
     * Sends an event and waits until this node's members and the backplane are done with it, at most the publish timeout
     * of its class. The receipt tells what became of it, a refusal by the backplane included.
     *
     * @throws io.github.realtimespring.RealtimeException if it was refused before anybody received it
     * @throws IllegalStateException on an event loop or a thread of the engine, where nobody may wait: use
     *     {@link #sendAsync}
     */
    public PublishReceipt send(String event, Object data) {
        return this.template.send(event(event, data), this.only);
    }

    /**
     * Sends without waiting an event whose name and class {@code @RealtimeEvent} declares on the type of {@code data}.
     *
     * @see #sendAsync(String, Object)
     */
    public CompletionStage<PublishReceipt> sendAsync(Object data) {
        return this.template.sendAsync(event(null, data), this.only);
    }

    /**
     * Sends an event without waiting. The stage completes off the threads of the engine, with the receipt or with what
     * refused the event.
     *
     * @throws io.github.realtimespring.RealtimeException if the data cannot be encoded
     */
    public CompletionStage<PublishReceipt> sendAsync(String event, Object data) {
        return this.template.sendAsync(event(event, data), this.only);
    }

    /** The same target, to which events go after the transaction of the calling thread has committed. */
    public AfterCommit afterCommit() {
        return new AfterCommit(this.template, this);
    }

    Event event(@Nullable String event, Object data) {
        return this.template.event(this.key, this.except, event, data, null);
    }

    @Nullable
    ConnectionId only() {
        return this.only;
    }

    @Override
    public String toString() {
        return "RealtimeTarget[" + this.key + "]";
    }
}
