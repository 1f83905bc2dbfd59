package io.github.realtimespring.actuate;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.DrainListener;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Times of the steps of a drain; there from the start, so that a rate or an alert over the first drain has something to
 * compare with.
 *
 * @since 0.1.0
 */
public final class DrainMeters implements DrainListener {

    private final Map<Drain.Step, Timer> timers = new EnumMap<>(Drain.Step.class);
    private final Ticker ticker;
    private volatile long began;

    public DrainMeters(MeterRegistry registry, Ticker ticker) {
        for (Drain.Step step : Drain.Step.values()) {
            this.timers.put(
                    step,
                    Timer.builder(RealtimeMeter.DRAIN_STEPS.getName())
                            .description(RealtimeMeter.DRAIN_STEPS.getDescription())
                            .tag(RealtimeMeter.Tag.STEP.asString(), step.name().toLowerCase(Locale.ROOT))
                            .register(registry));
        }
        this.ticker = ticker;
        this.began = ticker.nanos();
    }

    @Override
    public void step(Drain.Step step, int remaining) {
        long now = this.ticker.nanos();
        if (step == Drain.Step.REFUSING) {
            this.began = now;
        }
        Timer timer = this.timers.get(step);
        if (timer != null) {
            timer.record(now - this.began, TimeUnit.NANOSECONDS);
        }
    }
}
