package io.github.realtimespring.fanout;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.backplane.BackplaneOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What became of one publish: at this node's members and at the backplane (SPEC §3).
 *
 * @param eventId the id that clients see
 * @param cursor the event's place in the room's stream, for classes that have one
 * @param local this node's pass; {@link FanoutReceipt#none} if there was none within the publish timeout
 * @param backplane what the backplane answered
 * @param policyAction what the room's policy did to this publish
 * @since 0.1.0
 */
public record PublishReceipt(
        String eventId,
        @Nullable Cursor cursor,
        FanoutReceipt local,
        BackplaneOutcome backplane,
        RoomPolicy.Action policyAction) {}
