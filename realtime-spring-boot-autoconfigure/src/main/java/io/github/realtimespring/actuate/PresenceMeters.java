package io.github.realtimespring.actuate;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceObserver;
import io.github.realtimespring.presence.PresenceService;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.function.ToDoubleFunction;

/**
 * Counts what presence does ({@link RealtimeMeter}). All meters are there from the beginning.
 *
 * @since 0.1.0
 */
public final class PresenceMeters implements PresenceObserver {

    private final MeterRegistry registry;
    private final Counter joined;
    private final Counter changed;
    private final Counter left;
    private final Counter counted;
    private final Counter suppressed;
    private final Counter resyncs;

    public PresenceMeters(MeterRegistry registry) {
        this.registry = registry;
        this.joined = transitions("joined");
        this.changed = transitions("changed");
        this.left = transitions("left");
        this.counted = transitions("counted");
        this.suppressed = counter(RealtimeMeter.PRESENCE_SUPPRESSED, Tags.empty());
        this.resyncs = counter(RealtimeMeter.PRESENCE_RESYNCS, Tags.empty());
    }

    private Counter transitions(String change) {
        return counter(RealtimeMeter.PRESENCE_TRANSITIONS, Tags.of("change", change));
    }

    private Counter counter(RealtimeMeter meter, Tags tags) {
        return Counter.builder(meter.getName())
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .tags(tags)
                .register(this.registry);
    }

    /** Makes the meters that ask the service. */
    public void bindTo(PresenceService presence) {
        gauge(RealtimeMeter.PRESENCE_USERS, presence, PresenceService::users);
        gauge(RealtimeMeter.PRESENCE_WATCHED, presence, PresenceService::watched);
        gauge(RealtimeMeter.PRESENCE_UNREAD, presence, PresenceService::unread);
    }

    private void gauge(RealtimeMeter meter, PresenceService presence, ToDoubleFunction<PresenceService> value) {
        Gauge.builder(meter.getName(), presence, value)
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .register(this.registry);
    }

    @Override
    public void published(PresenceChange change) {
        this.joined.increment(change.joined().size());
        this.changed.increment(change.changed().size());
        this.left.increment(change.left().size());
        if (!change.listed()) {
            this.counted.increment();
        }
    }

    @Override
    public void suppressed(int changes) {
        this.suppressed.increment(changes);
    }

    @Override
    public void resynced(RoutingKey room) {
        this.resyncs.increment();
    }
}
