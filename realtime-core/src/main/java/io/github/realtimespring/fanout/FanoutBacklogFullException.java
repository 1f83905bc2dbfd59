package io.github.realtimespring.fanout;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Duration;
import java.util.List;

/**
 * More passes wait than the bounds allow. Nobody received the event; a repeat may succeed (SPEC §5).
 *
 * @since 0.1.0
 */
public final class FanoutBacklogFullException extends RealtimeException {

    private static final long serialVersionUID = 1L;

    FanoutBacklogFullException() {
        super(
                ErrorCode.UNAVAILABLE,
                "too many events are waiting to be delivered",
                true,
                Duration.ofSeconds(1),
                List.of(),
                null);
    }
}
