package io.github.realtimespring.actuate;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.DrainListener;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Times of the steps of a drain.
 *
 * @since 0.1.0
 */
public final class DrainMeters implements DrainListener {

    private final MeterRegistry registry;
    private final Ticker ticker;
    private volatile long began;

    public DrainMeters(MeterRegistry registry, Ticker ticker) {
        this.registry = registry;
        this.ticker = ticker;
        this.began = ticker.nanos();
    }

    @Override
    public void step(Drain.Step step, int remaining) {
        long now = this.ticker.nanos();
        if (step == Drain.Step.REFUSING) {
            this.began = now;
        }
        Timer.builder(RealtimeMeter.DRAIN_STEPS.getName())
                .description(RealtimeMeter.DRAIN_STEPS.getDescription())
                .tag(RealtimeMeter.Tag.STEP.asString(), step.name().toLowerCase(Locale.ROOT))
                .register(this.registry)
                .record(now - this.began, TimeUnit.NANOSECONDS);
    }
}
