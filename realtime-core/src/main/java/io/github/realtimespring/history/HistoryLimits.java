package io.github.realtimespring.history;

import java.time.Duration;

/**
 * What the streams in memory may hold. Bytes are those that an event may take once it was replayed: its payload, the same
 * within the frame, and what goes with it.
 *
 * @param roomEvents events of one room
 * @param roomBytes bytes of one room
 * @param rooms rooms whose position is remembered
 * @param totalBytes bytes of all rooms
 * @param ttl how long an event can be replayed
 * @since 0.1.0
 */
public record HistoryLimits(int roomEvents, long roomBytes, int rooms, long totalBytes, Duration ttl) {

    public static final HistoryLimits DEFAULTS =
            new HistoryLimits(256, 1 << 20, 100_000, 64 << 20, Duration.ofMinutes(5));

    public HistoryLimits {
        if (roomEvents < 1 || roomBytes < 1 || rooms < 1 || totalBytes < 1 || ttl.isNegative() || ttl.isZero()) {
            throw new IllegalArgumentException("history limits must be positive");
        }
    }
}
