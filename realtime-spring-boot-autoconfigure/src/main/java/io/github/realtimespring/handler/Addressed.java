package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.fanout.PublishReceipt;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** What has a key and is sent to: a room, or a user. Immutable and thread-safe. */
abstract class Addressed {

    final RealtimeTemplate template;
    final RoutingKey key;
    final RealtimeTarget all;

    Addressed(RealtimeTemplate template, RoutingKey key) {
        this.template = template;
        this.key = key;
        this.all = new RealtimeTarget(template, key, Set.of(), null);
    }

    public RoutingKey key() {
        return this.key;
    }

    /** All of its connections but for some. */
    public RealtimeTarget except(ConnectionId... connections) {
        return this.all.except(connections);
    }

    /** Sends to all of its connections; see {@link RealtimeTarget#send(Object)}. */
    public PublishReceipt send(Object data) {
        return this.all.send(data);
    }

    /** Sends to all of its connections; see {@link RealtimeTarget#send(String, Object)}. */
    public PublishReceipt send(String event, Object data) {
        return this.all.send(event, data);
    }

    /** Sends to all of its connections; see {@link RealtimeTarget#sendAsync(Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(Object data) {
        return this.all.sendAsync(data);
    }

    /** Sends to all of its connections; see {@link RealtimeTarget#sendAsync(String, Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(String event, Object data) {
        return this.all.sendAsync(event, data);
    }

    /** All of its connections, to which events go after the transaction of the calling thread has committed. */
    public AfterCommit afterCommit() {
        return this.all.afterCommit();
    }

    @Override
    public String toString() {
        return getClass().getSimpleName() + "[" + this.key + "]";
    }
}
