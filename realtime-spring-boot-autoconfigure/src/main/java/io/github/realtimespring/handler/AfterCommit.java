package io.github.realtimespring.handler;

import io.github.realtimespring.fanout.PublishReceipt;
import java.util.concurrent.CompletionStage;

/** Signatures; the rest follows. */
public final class AfterCommit {

    AfterCommit() {}

    public CompletionStage<PublishReceipt> send(Object data) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<PublishReceipt> send(String event, Object data) {
        throw new UnsupportedOperationException();
    }
}
