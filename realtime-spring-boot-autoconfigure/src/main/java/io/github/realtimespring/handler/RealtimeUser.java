package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.fanout.PublishReceipt;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * All connections of a user, on whatever node they are: made by {@link RealtimeTemplate#user}. Immutable and thread-safe;
 * it says nothing about whether the user is connected.
 *
 * @since 0.1.0
 */
public final class RealtimeUser {

    private final RealtimeTemplate template;
    private final RoutingKey key;
    private final RealtimeTarget all;

    RealtimeUser(RealtimeTemplate template, RoutingKey key) {
        this.template = template;
        this.key = key;
        this.all = new RealtimeTarget(template, key, Set.of(), null);
    }

    /** The name. */
    public String name() {
        return this.key.id();
    }

    public RoutingKey key() {
        return this.key;
    }

    /** The connections but for some. */
    public RealtimeTarget except(ConnectionId... connections) {
        return this.all.except(connections);
    }

    /** Sends to all connections; see {@link RealtimeTarget#send(Object)}. */
    public PublishReceipt send(Object data) {
        return this.all.send(data);
    }

    /** Sends to all connections; see {@link RealtimeTarget#send(String, Object)}. */
    public PublishReceipt send(String event, Object data) {
        return this.all.send(event, data);
    }

    /** Sends to all connections; see {@link RealtimeTarget#sendAsync(Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(Object data) {
        return this.all.sendAsync(data);
    }

    /** Sends to all connections; see {@link RealtimeTarget#sendAsync(String, Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(String event, Object data) {
        return this.all.sendAsync(event, data);
    }

    /** All connections, to which events go after the transaction of the calling thread has committed. */
    public AfterCommit afterCommit() {
        return this.all.afterCommit();
    }

    /**
     * Closes all connections of the user: those of this node before it returns, those of the others when they hear of it.
     *
     * @param code what the client is to do: 1000, 1012, 1013, or 4400 to 4599 (PROTOCOL, close codes); 4403 says that it
     *     must not come back
     * @return completes with what is known: who was closed here, and whether the other nodes were told; does not fail
     * @throws IllegalArgumentException for another code
     */
    public CompletionStage<ControlReceipt> disconnect(int code) {
        return this.template.engine().users().disconnect(this.key, code).receipt();
    }

    @Override
    public String toString() {
        return "RealtimeUser[" + this.key + "]";
    }
}
