package io.github.realtimespring.handler;

import io.github.realtimespring.fanout.PublishReceipt;
import java.util.concurrent.CompletionStage;

/**
 * Sends after the transaction of the calling thread has committed; nothing on a rollback; at once where there is no
 * transaction (SPEC §8). The data is encoded when {@code send} is called, so what cannot be encoded fails the
 * transaction, and later changes to it are not seen.
 *
 * <p>An event of class {@code CRITICAL} fails the commit with {@code unavailable} if the backplane cannot be written
 * just before it. What fails after the commit is published as {@link PublishFailedEvent}.
 *
 * @since 0.1.0
 */
public final class AfterCommit {

    private final RealtimeTemplate template;
    private final RealtimeTarget target;

    AfterCommit(RealtimeTemplate template, RealtimeTarget target) {
        this.template = template;
        this.target = target;
    }

    /**
     * Sends an event whose name and class {@code @RealtimeEvent} declares on the type of {@code data}.
     *
     * @return completes with the receipt after the commit, off the threads of the engine; cancelled by a rollback
     */
    public CompletionStage<PublishReceipt> send(Object data) {
        return this.template.sendAfterCommit(this.target.event(null, data), this.target.only());
    }

    /**
     * Sends an event.
     *
     * @return completes with the receipt after the commit, off the threads of the engine; cancelled by a rollback
     */
    public CompletionStage<PublishReceipt> send(String event, Object data) {
        return this.template.sendAfterCommit(this.target.event(event, data), this.target.only());
    }
}
