package io.github.realtimespring.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SteadyClockTests {

    private static final Instant START = Instant.parse("2026-05-01T12:00:00Z");

    private final AtomicReference<Instant> wall = new AtomicReference<>(START);
    private final AtomicLong nanos = new AtomicLong(-5);
    private final SteadyClock clock = new SteadyClock(this.wall::get, this.nanos::get);

    @Test
    void itGoesOnWhateverBecomesOfTheWallClock() {
        assertThat(this.clock.millis()).isEqualTo(START.toEpochMilli());
        this.wall.set(START.plus(Duration.ofHours(1)));
        this.nanos.addAndGet(Duration.ofSeconds(2).toNanos());
        assertThat(this.clock.millis()).isEqualTo(START.plusSeconds(2).toEpochMilli());
        this.wall.set(START.minus(Duration.ofHours(1)));
        this.nanos.addAndGet(Duration.ofSeconds(3).toNanos());
        assertThat(this.clock.millis()).isEqualTo(START.plusSeconds(5).toEpochMilli());
    }
}
