package io.github.realtimespring.redis;

import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.history.HistoryLimits;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;

/**
 * What a {@link RedisBroker} goes by.
 *
 * @param application in front of every name on the server
 * @param publishTimeout how long anything may take until it is answered
 * @param historySize how many events the stream of a room keeps
 * @param historyTtl how long an event can be read
 * @param historyBytes how many bytes the events of a room may take on the server
 * @param maxUnanswered commands that may wait for their answers on one connection to a master; more are refused
 * @param mode what a node has brought to it; the same on all nodes of an application, or eager on some and sharded on
 *     others
 * @param sharded whether events go through sharded publish and subscribe, which is in Redis since 7.0 and of use on a
 *     cluster; the same on all nodes
 * @param criticalReplicas how many replicas have to have an event of class {@code critical} before it counts as recorded
 * @since 0.1.0
 */
public record RedisSettings(
        String application,
        Duration publishTimeout,
        int historySize,
        Duration historyTtl,
        long historyBytes,
        int maxUnanswered,
        SubscriptionMode mode,
        boolean sharded,
        int criticalReplicas) {

    /** How long the position of a room is remembered longer than its events. */
    static final Duration POSITION = Duration.ofDays(1);

    /** Into how many buckets keys are hashed that share channels. */
    static final int BUCKETS = 256;

    public RedisSettings {
        if (application.isEmpty()) {
            throw new IllegalArgumentException("the names of an application on Redis begin with its own name");
        }
        if (publishTimeout.toMillis() < 1 || historyTtl.toMillis() < 1) {
            throw new IllegalArgumentException("the times of a Redis broker must be positive");
        }
        if (historySize < 1 || historyBytes < 1 || maxUnanswered < 1 || criticalReplicas < 0) {
            throw new IllegalArgumentException("the bounds of a Redis broker must be positive");
        }
    }

    /** With the bounds that go with those of the backplane on top of it: lazy, through channels of the servers. */
    public static RedisSettings of(String application, Duration publishTimeout, int historySize, Duration historyTtl) {
        return new RedisSettings(
                application,
                publishTimeout,
                historySize,
                historyTtl,
                HistoryLimits.DEFAULTS.roomBytes(),
                RedisServers.MAX_UNANSWERED,
                SubscriptionMode.LAZY,
                false,
                0);
    }

    public RedisSettings withHistoryBytes(long bytes) {
        return with(bytes, this.mode, this.sharded, this.criticalReplicas);
    }

    public RedisSettings withMode(SubscriptionMode mode) {
        return with(this.historyBytes, mode, this.sharded, this.criticalReplicas);
    }

    public RedisSettings withSharded(boolean sharded) {
        return with(this.historyBytes, this.mode, sharded, this.criticalReplicas);
    }

    public RedisSettings withCriticalReplicas(int replicas) {
        return with(this.historyBytes, this.mode, this.sharded, replicas);
    }

    private RedisSettings with(long bytes, SubscriptionMode mode, boolean sharded, int replicas) {
        return new RedisSettings(
                this.application,
                this.publishTimeout,
                this.historySize,
                this.historyTtl,
                bytes,
                this.maxUnanswered,
                mode,
                sharded,
                replicas);
    }

    /** The command that sends something through a channel. */
    CommandType publish() {
        return this.sharded ? CommandType.SPUBLISH : CommandType.PUBLISH;
    }
}
