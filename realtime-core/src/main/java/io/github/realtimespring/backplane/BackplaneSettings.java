package io.github.realtimespring.backplane;

import java.time.Duration;

/**
 * Bounds and times of a {@link BrokerBackplane}.
 *
 * @param maxInFlight publishes that may wait for the broker's answer
 * @param maxEnvelopeBytes the largest envelope that is sent or read
 * @param beacon time between beacons; without one for three times as long the backplane counts as unreadable
 * @param linger how long a subscription stays after the last member has left
 * @param maxReads keys whose missing events are read at the same time
 * @since 0.1.0
 */
public record BackplaneSettings(int maxInFlight, int maxEnvelopeBytes, Duration beacon, Duration linger, int maxReads) {

    public static final BackplaneSettings DEFAULTS =
            new BackplaneSettings(4096, 2 << 20, Duration.ofSeconds(1), Duration.ofSeconds(5), 64);

    public BackplaneSettings {
        if (maxInFlight < 1 || maxEnvelopeBytes < 1024 || maxReads < 1) {
            throw new IllegalArgumentException("the bounds of a backplane must be positive");
        }
        if (beacon.isNegative() || beacon.isZero() || linger.isNegative()) {
            throw new IllegalArgumentException("the times of a backplane must be positive");
        }
    }

    /** How long without a beacon until the backplane counts as unreadable, or a node as gone. */
    public Duration silence() {
        return this.beacon.multipliedBy(3);
    }
}
