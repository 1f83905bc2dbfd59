package io.github.realtimespring.handler;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import org.jspecify.annotations.Nullable;

/**
 * An application event: what was to be published after a commit was not, or it is not known whether it was. The
 * transaction stands; a durable outbox is the application's (SPEC §8).
 *
 * @param key where it was to go
 * @param event the event's name
 * @param eventId the event's id; a repeat with the same id is safe
 * @param outcome {@code REJECTED} or {@code UNKNOWN}
 * @param failure what refused it, if anything was thrown
 * @since 0.1.0
 */
public record PublishFailedEvent(
        RoutingKey key,
        String event,
        String eventId,
        BackplaneOutcome outcome,
        @Nullable Throwable failure) {}
