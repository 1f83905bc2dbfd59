package io.github.realtimespring.actuate;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Received;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Counts what a backplane of several nodes does ({@link RealtimeMeter}). All meters are there from the beginning, at zero
 * with a backplane of one node, so that a dashboard finds them.
 *
 * @since 0.1.0
 */
public final class BackplaneMeters implements BackplaneObserver {

    private final MeterRegistry registry;
    private final Tags adapter;
    private final Map<Received, Counter> received = new EnumMap<>(Received.class);
    private final Timer lag;
    private final Counter lost;
    private final Counter lostUnknown;
    private final Counter caughtUp;
    private final Counter began;
    private final Counter ended;
    private final Counter reconnects;

    /** @param adapter the name of the backplane */
    public BackplaneMeters(MeterRegistry registry, String adapter) {
        this.registry = registry;
        this.adapter = Tags.of("adapter", adapter);
        for (Received result : Received.values()) {
            this.received.put(result, counter(RealtimeMeter.BACKPLANE_RECEIVED, Tags.of("result", result.wireName())));
        }
        this.lag = Timer.builder(RealtimeMeter.BACKPLANE_LAG.getName())
                .description(RealtimeMeter.BACKPLANE_LAG.getDescription())
                .tags(this.adapter)
                .register(registry);
        this.lost = counter(RealtimeMeter.BACKPLANE_LOST, Tags.empty());
        this.lostUnknown = counter(RealtimeMeter.BACKPLANE_LOST_UNKNOWN, Tags.empty());
        this.caughtUp = counter(RealtimeMeter.BACKPLANE_CAUGHT_UP, Tags.empty());
        this.began = counter(RealtimeMeter.BACKPLANE_SUBSCRIPTION_CHANGES, Tags.of("change", "began"));
        this.ended = counter(RealtimeMeter.BACKPLANE_SUBSCRIPTION_CHANGES, Tags.of("change", "ended"));
        this.reconnects = counter(RealtimeMeter.BACKPLANE_RECONNECTS, Tags.empty());
    }

    private Counter counter(RealtimeMeter meter, Tags tags) {
        return Counter.builder(meter.getName())
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .tags(this.adapter.and(tags))
                .register(this.registry);
    }

    /** Makes the meters that ask the backplane. */
    public void bindTo(BackplaneAdapter backplane) {
        gauge(RealtimeMeter.BACKPLANE_READABLE, backplane, of -> of.status().readable() ? 1 : 0);
        gauge(RealtimeMeter.BACKPLANE_WRITABLE, backplane, of -> of.status().writable() ? 1 : 0);
        gauge(RealtimeMeter.BACKPLANE_PENDING, backplane, of -> shared(of, BrokerBackplane::inFlight));
        gauge(RealtimeMeter.BACKPLANE_PENDING_MAX, backplane, of -> shared(of, BrokerBackplane::maxInFlight));
        gauge(RealtimeMeter.BACKPLANE_UNANSWERED, backplane, of -> shared(of, BrokerBackplane::unanswered));
        gauge(RealtimeMeter.BACKPLANE_UNANSWERED_MAX, backplane, of -> shared(of, BrokerBackplane::maxUnanswered));
        gauge(RealtimeMeter.BACKPLANE_BEHIND, backplane, of -> shared(of, BrokerBackplane::behind));
        gauge(RealtimeMeter.BACKPLANE_SUBSCRIPTIONS, backplane, of -> shared(of, BrokerBackplane::subscriptions));
        gauge(
                RealtimeMeter.BACKPLANE_PEERS,
                backplane,
                of -> shared(of, shared -> shared.nodes().size()));
        FunctionCounter.builder(
                        RealtimeMeter.BACKPLANE_BEACON_OVERFLOWS.getName(),
                        backplane,
                        of -> shared(of, BrokerBackplane::beaconOverflows))
                .baseUnit(RealtimeMeter.BACKPLANE_BEACON_OVERFLOWS.getBaseUnit())
                .description(RealtimeMeter.BACKPLANE_BEACON_OVERFLOWS.getDescription())
                .tags(this.adapter)
                .register(this.registry);
    }

    private static double shared(@Nullable BackplaneAdapter backplane, ToDoubleFunction<BrokerBackplane> value) {
        return backplane instanceof BrokerBackplane shared ? value.applyAsDouble(shared) : 0;
    }

    private void gauge(RealtimeMeter meter, BackplaneAdapter backplane, ToDoubleFunction<BackplaneAdapter> value) {
        Gauge.builder(meter.getName(), backplane, value)
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .tags(this.adapter)
                .register(this.registry);
    }

    @Override
    public void received(Received result) {
        Counter counter = this.received.get(result);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void lost(RoutingKey key, long events) {
        if (events == BackplaneListener.UNKNOWN_LOSS) {
            this.lostUnknown.increment();
        } else {
            this.lost.increment(events);
        }
    }

    @Override
    public void caughtUp(RoutingKey key, long events) {
        this.caughtUp.increment(events);
    }

    @Override
    public void subscriptionChanged(boolean began) {
        (began ? this.began : this.ended).increment();
    }

    @Override
    public void lag(long nanos) {
        this.lag.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void reconnected() {
        this.reconnects.increment();
    }
}
