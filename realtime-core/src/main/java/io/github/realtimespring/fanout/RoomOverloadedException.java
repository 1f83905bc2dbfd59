package io.github.realtimespring.fanout;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Duration;
import java.util.List;

/**
 * The room's policy refuses sends, because too many of its members could not take recent events (SPEC §3). Nobody
 * received the event.
 *
 * @since 0.1.0
 */
public final class RoomOverloadedException extends RealtimeException {

    private static final long serialVersionUID = 1L;

    RoomOverloadedException(Duration window) {
        super(ErrorCode.UNAVAILABLE, "the room is overloaded", true, window, List.of(), null);
    }
}
