package io.github.realtimespring.fanout;

import java.time.Duration;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * How much one turn may do and how much may wait (SPEC §5).
 *
 * @param chunkSize recipients per turn
 * @param maxTurn time per turn
 * @param parallelism threads that deliver
 * @param cutoff who still gets an event after the snapshot
 * @param maxPending passes that may wait in all
 * @param maxPendingPerKey passes that may wait for one key
 * @param maxPendingBytes encoded bytes that may wait in all
 * @param tenantWeight turns of a tenant's rooms are this many times larger; 1 is the ordinary weight
 * @since 0.1.0
 */
public record FanoutSettings(
        int chunkSize,
        Duration maxTurn,
        int parallelism,
        MembershipCutoff cutoff,
        int maxPending,
        int maxPendingPerKey,
        long maxPendingBytes,
        ToIntFunction<@Nullable String> tenantWeight) {

    public static final FanoutSettings DEFAULTS = new FanoutSettings(
            500,
            Duration.ofMillis(5),
            Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors() / 2)),
            MembershipCutoff.RECHECK,
            10_000,
            1_000,
            64L << 20,
            tenant -> 1);

    public FanoutSettings {
        if (chunkSize < 1 || parallelism < 1 || maxPending < 1 || maxPendingPerKey < 1 || maxPendingBytes < 1) {
            throw new IllegalArgumentException("fanout settings must be positive");
        }
        if (maxTurn.isNegative() || maxTurn.isZero()) {
            throw new IllegalArgumentException("max-turn must be positive");
        }
    }

    public FanoutSettings withCutoff(MembershipCutoff cutoff) {
        return new FanoutSettings(
                this.chunkSize,
                this.maxTurn,
                this.parallelism,
                cutoff,
                this.maxPending,
                this.maxPendingPerKey,
                this.maxPendingBytes,
                this.tenantWeight);
    }
}
