package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.presence.Member;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Signatures; the rest follows. */
public final class Room {

    Room() {}

    public String id() {
        throw new UnsupportedOperationException();
    }

    public RoutingKey key() {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget others() {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget except(ConnectionId... connections) {
        throw new UnsupportedOperationException();
    }

    public PublishReceipt send(Object data) {
        throw new UnsupportedOperationException();
    }

    public PublishReceipt send(String event, Object data) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<PublishReceipt> sendAsync(Object data) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<PublishReceipt> sendAsync(String event, Object data) {
        throw new UnsupportedOperationException();
    }

    public AfterCommit afterCommit() {
        throw new UnsupportedOperationException();
    }

    public List<Member> members() {
        throw new UnsupportedOperationException();
    }

    public int evict(String user) {
        throw new UnsupportedOperationException();
    }

    public boolean evict(ConnectionId connection) {
        throw new UnsupportedOperationException();
    }
}
