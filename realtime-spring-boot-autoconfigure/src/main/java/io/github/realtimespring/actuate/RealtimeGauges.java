package io.github.realtimespring.actuate;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.RoomRegistry;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.ToDoubleFunction;

/**
 * The gauges of {@link RealtimeMeter}, one per transport and one per room pattern. All of a scrape share one visit of the
 * registries.
 *
 * @since 0.1.0
 */
public final class RealtimeGauges implements MeterBinder {

    private static final List<String> TRANSPORTS = List.of("websocket", "sse", "poll");

    private final EngineSnapshot snapshot;
    private final RoomPatterns patterns;
    private final FanoutService fanout;
    private final BackplaneAdapter backplane;
    private final Drain drain;

    public RealtimeGauges(
            RoomRegistry rooms,
            ConnectionRegistry connections,
            QueueLimits limits,
            RoomPatterns patterns,
            FanoutService fanout,
            BackplaneAdapter backplane,
            Drain drain) {
        this.snapshot = new EngineSnapshot(rooms, connections, limits, patterns, Ticker.SYSTEM);
        this.patterns = patterns;
        this.fanout = fanout;
        this.backplane = backplane;
        this.drain = drain;
    }

    /** Makes the gauges; the patterns must be known by then, which they are once the singletons are instantiated. */
    @Override
    public void bindTo(MeterRegistry registry) {
        for (String transport : TRANSPORTS) {
            Tags tags = Tags.of("transport", transport);
            gauge(
                    registry,
                    RealtimeMeter.CONNECTIONS,
                    tags,
                    s -> s.recent().queues(transport).connections());
            gauge(
                    registry,
                    RealtimeMeter.QUEUE_MESSAGES,
                    tags,
                    s -> s.recent().queues(transport).messages());
            gauge(
                    registry,
                    RealtimeMeter.QUEUE_BYTES,
                    tags,
                    s -> s.recent().queues(transport).bytes());
        }
        for (String room : this.patterns.patterns()) {
            Tags tags = Tags.of("room", room);
            gauge(
                    registry,
                    RealtimeMeter.ROOMS,
                    tags,
                    s -> s.recent().rooms(room).rooms());
            gauge(
                    registry,
                    RealtimeMeter.MEMBERSHIPS,
                    tags,
                    s -> s.recent().rooms(room).memberships());
        }
        Tags adapter = Tags.of("adapter", this.backplane.name());
        gauge(
                registry,
                RealtimeMeter.BACKPLANE_READABLE,
                adapter,
                s -> this.backplane.status().readable() ? 1 : 0);
        gauge(
                registry,
                RealtimeMeter.BACKPLANE_WRITABLE,
                adapter,
                s -> this.backplane.status().writable() ? 1 : 0);
        gauge(registry, RealtimeMeter.FANOUT_PENDING, Tags.empty(), s -> this.fanout.pending());
        gauge(
                registry,
                RealtimeMeter.DRAIN,
                Tags.empty(),
                s -> this.drain.state().ordinal());
    }

    /**
     * Makes the gauge of a transport that writes on threads of its own.
     *
     * @param pending how many connections wait for them
     */
    public void bindTransport(MeterRegistry registry, String transport, IntSupplier pending) {
        gauge(registry, RealtimeMeter.TRANSPORT_PENDING, Tags.of("transport", transport), s -> pending.getAsInt());
    }

    private void gauge(MeterRegistry registry, RealtimeMeter meter, Tags tags, ToDoubleFunction<EngineSnapshot> value) {
        Gauge.builder(meter.getName(), this.snapshot, value)
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .tags(tags)
                .strongReference(true)
                .register(registry);
    }
}
