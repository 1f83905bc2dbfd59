package io.github.realtimespring.testing;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Time that moves only when a test says so. */
public final class TestTicker implements Ticker {

    private final AtomicLong nanos = new AtomicLong();

    @Override
    public long nanos() {
        return this.nanos.get();
    }

    public void advance(Duration duration) {
        this.nanos.addAndGet(duration.toNanos());
    }
}
