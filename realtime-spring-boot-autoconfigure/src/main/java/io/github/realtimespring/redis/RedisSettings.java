package io.github.realtimespring.redis;

import io.github.realtimespring.history.HistoryLimits;
import java.time.Duration;

/**
 * What a {@link RedisBroker} goes by.
 *
 * @param application in front of every name on the server
 * @param publishTimeout how long anything may take until it is answered
 * @param historySize how many events the stream of a room keeps
 * @param historyTtl how long an event can be read
 * @param historyBytes how many bytes the events of a room may take on the server
 * @param maxUnanswered commands that may wait for their answers; more are refused
 * @since 0.1.0
 */
public record RedisSettings(
        String application,
        Duration publishTimeout,
        int historySize,
        Duration historyTtl,
        long historyBytes,
        int maxUnanswered) {

    /** How long the position of a room is remembered longer than its events. */
    static final Duration POSITION = Duration.ofDays(1);

    public RedisSettings {
        if (application.isEmpty()) {
            throw new IllegalArgumentException("the names of an application on Redis begin with its own name");
        }
        if (publishTimeout.toMillis() < 1 || historyTtl.toMillis() < 1) {
            throw new IllegalArgumentException("the times of a Redis broker must be positive");
        }
        if (historySize < 1 || historyBytes < 1 || maxUnanswered < 1) {
            throw new IllegalArgumentException("the bounds of a Redis broker must be positive");
        }
    }

    /** With the bounds that go with those of the backplane on top of it. */
    public static RedisSettings of(String application, Duration publishTimeout, int historySize, Duration historyTtl) {
        return new RedisSettings(
                application,
                publishTimeout,
                historySize,
                historyTtl,
                HistoryLimits.DEFAULTS.roomBytes(),
                RedisServers.MAX_UNANSWERED);
    }

    public RedisSettings withHistoryBytes(long bytes) {
        return new RedisSettings(
                this.application, this.publishTimeout, this.historySize, this.historyTtl, bytes, this.maxUnanswered);
    }
}
