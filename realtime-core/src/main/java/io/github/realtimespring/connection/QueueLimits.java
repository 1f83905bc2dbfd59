package io.github.realtimespring.connection;

import io.github.realtimespring.OverflowPolicy;
import java.time.Duration;

/**
 * The bounds of one connection's queue (SPEC §4).
 *
 * @param maxBytes encoded bytes that may wait or be in flight
 * @param maxMessages frames that may wait
 * @param maxAge how long a frame may wait; one of a room's stream that pauses waits longer, and nothing more of the stream
 *     is queued behind it meanwhile
 * @param sendTimeout how long a write may be in flight, and how long a graceful close may take
 * @param reserveBytes what answers, gaps and other frames that are never dropped may take on top
 * @param overflow what happens to events of classes that leave the choice to the connection; never {@code CONNECTION} or {@code PAUSE}
 * @since 0.1.0
 */
public record QueueLimits(
        long maxBytes,
        int maxMessages,
        Duration maxAge,
        Duration sendTimeout,
        int reserveBytes,
        OverflowPolicy overflow) {

    /** How many frames that are never dropped fit on top of {@link #maxMessages()}. */
    public static final int RESERVE_MESSAGES = 256;

    public static final QueueLimits DEFAULTS = new QueueLimits(
            1 << 20, 1024, Duration.ofSeconds(30), Duration.ofSeconds(10), 128 << 10, OverflowPolicy.CLOSE);

    public QueueLimits {
        if (maxBytes < 1 || maxMessages < 1 || reserveBytes < 1) {
            throw new IllegalArgumentException("queue limits must be positive");
        }
        if (maxAge.isNegative() || maxAge.isZero() || sendTimeout.isNegative() || sendTimeout.isZero()) {
            throw new IllegalArgumentException("max-age and send-timeout must be positive");
        }
        if (overflow == OverflowPolicy.CONNECTION || overflow == OverflowPolicy.PAUSE) {
            throw new IllegalArgumentException(
                    "overflow of a connection is one of close, drop-newest, drop-oldest," + " coalesce");
        }
    }
}
