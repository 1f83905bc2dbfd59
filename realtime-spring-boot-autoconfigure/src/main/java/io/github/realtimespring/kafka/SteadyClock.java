package io.github.realtimespring.kafka;

import io.github.realtimespring.Ticker;
import java.time.InstantSource;

/**
 * The time of day when this was made, and monotonic time since: what is compared with the times that Kafka gave to records.
 * A wall clock that is set an hour ahead would otherwise make a node forget the history.
 */
final class SteadyClock {

    private final Ticker ticker;
    private final long startMillis;
    private final long startNanos;

    SteadyClock(InstantSource wall, Ticker ticker) {
        this.ticker = ticker;
        this.startMillis = wall.millis();
        this.startNanos = ticker.nanos();
    }

    /** Milliseconds since the epoch. */
    long millis() {
        return this.startMillis + (this.ticker.nanos() - this.startNanos) / 1_000_000;
    }
}
