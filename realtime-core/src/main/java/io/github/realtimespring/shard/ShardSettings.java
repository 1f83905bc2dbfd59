package io.github.realtimespring.shard;

import java.time.Duration;

/**
 * What the nodes of an application agree on about buckets.
 *
 * @param buckets how many there are; the same on every node
 * @param lease how long a node counts as alive without a sign of it
 * @param renewal time between two renewals of a lease; at most half of it
 * @since 0.1.0
 */
public record ShardSettings(int buckets, Duration lease, Duration renewal) {

    public static final ShardSettings DEFAULTS = new ShardSettings(256, Duration.ofSeconds(30), Duration.ofSeconds(10));

    public ShardSettings {
        if (buckets < 1) {
            throw new IllegalArgumentException("there is at least one bucket");
        }
        if (renewal.isNegative() || renewal.isZero() || lease.compareTo(renewal.multipliedBy(2)) < 0) {
            throw new IllegalArgumentException("a lease is at least two positive renewals long");
        }
    }

    /**
     * How much earlier than the store a node itself takes its lease for over: clocks may differ in rate by as much, and what
     * it does meanwhile may take as long.
     */
    Duration margin() {
        return this.lease.dividedBy(10);
    }
}
