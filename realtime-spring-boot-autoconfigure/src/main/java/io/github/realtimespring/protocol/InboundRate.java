package io.github.realtimespring.protocol;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How many frames one connection may still send: a bucket of tokens that fills at the rate up to the burst (SPEC §15).
 * Who goes on over the rate for another burst, without a pause in which the bucket fills, floods. Thread-safe.
 */
final class InboundRate {

    enum Verdict {
        WITHIN,
        OVER,
        /** Far beyond: the connection is to be closed. */
        FLOOD
    }

    private final double perNano;
    private final int burst;
    private double tokens;
    private long last;
    private int violations;

    InboundRate(int perSecond, int burst, long now) {
        this.perNano = perSecond / (double) TimeUnit.SECONDS.toNanos(1);
        this.burst = burst;
        this.tokens = burst;
        this.last = now;
    }

    /** One frame came. */
    synchronized Verdict take(long now) {
        this.tokens = Math.min(this.burst, this.tokens + (now - this.last) * this.perNano);
        this.last = now;
        if (this.tokens >= this.burst) {
            this.violations = 0;
        }
        if (this.tokens >= 1) {
            this.tokens--;
            return Verdict.WITHIN;
        }
        this.violations++;
        return this.violations > this.burst ? Verdict.FLOOD : Verdict.OVER;
    }

    /** When the next frame will be within the rate. */
    synchronized Duration retryAfter() {
        return Duration.ofMillis((long) Math.ceil(Math.max(0, 1 - this.tokens) / this.perNano / 1e6));
    }
}
