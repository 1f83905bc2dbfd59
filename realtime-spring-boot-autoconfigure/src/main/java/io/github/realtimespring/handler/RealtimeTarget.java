package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.fanout.PublishReceipt;
import java.util.concurrent.CompletionStage;

/** Signatures; the rest follows. */
public final class RealtimeTarget {

    RealtimeTarget() {}

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
}
