package io.github.realtimespring.test.backplane;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Time that moves only when a test says so.
 *
 * @since 0.1.0
 */
public final class ManualTicker implements Ticker {

    private final AtomicLong nanos = new AtomicLong(1);

    @Override
    public long nanos() {
        return this.nanos.get();
    }

    public void advance(Duration duration) {
        this.nanos.addAndGet(duration.toNanos());
    }
}
