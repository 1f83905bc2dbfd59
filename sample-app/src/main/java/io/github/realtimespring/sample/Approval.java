package io.github.realtimespring.sample;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import org.jspecify.annotations.Nullable;

/**
 * A request to decide something.
 *
 * @param decision {@code null} while it is open
 * @param by who decided
 */
record Approval(
        String id,
        String title,
        String from,
        @Nullable Decision decision,
        @Nullable String by) {

    enum Decision {
        @JsonProperty("approved")
        APPROVED,
        @JsonProperty("rejected")
        REJECTED
    }

    /** Critical: acknowledged by the store before anybody sees it, and never skipped by a slow client. */
    @RealtimeEvent(name = "approval.requested", delivery = Delivery.CRITICAL)
    record Requested(String id, String title, String from) {}

    @RealtimeEvent(name = "approval.decided", delivery = Delivery.CRITICAL)
    record Decided(String id, Decision decision, String by) {}
}
