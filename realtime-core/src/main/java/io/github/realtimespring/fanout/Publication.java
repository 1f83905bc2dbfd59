package io.github.realtimespring.fanout;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A publish under way.
 *
 * @param eventId the id that clients see
 * @param committed completes at the commit point of the event's class, where an acknowledgement may follow: when local
 *     delivery took a local-first event, when the backplane answered for any other
 * @param receipt completes when this node's pass and the backplane are both done, within the publish timeout. Both
 *     stages fail with the {@link io.github.realtimespring.RealtimeException} that refused the event, if one did.
 *     Dependents run on engine threads, or at once where a stage is complete already, and must not wait for anything
 * @since 0.1.0
 */
public record Publication(String eventId, CompletionStage<Commit> committed, CompletionStage<PublishReceipt> receipt) {

    /**
     * The commit point.
     *
     * @param backplane what is known of the backplane at this moment; {@code null} when a local-first event does not
     *     wait for it
     * @param cursor the event's place in the room's stream
     */
    public record Commit(
            @Nullable BackplaneOutcome backplane, @Nullable Cursor cursor) {}
}
