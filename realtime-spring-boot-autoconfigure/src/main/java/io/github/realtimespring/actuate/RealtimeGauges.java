package io.github.realtimespring.actuate;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.history.MemoryStreams;
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
    private final Drain drain;

    public RealtimeGauges(
            RoomRegistry rooms,
            ConnectionRegistry connections,
            QueueLimits limits,
            RoomPatterns patterns,
            FanoutService fanout,
            Drain drain) {
        this.snapshot = new EngineSnapshot(rooms, connections, limits, patterns, Ticker.SYSTEM);
        this.patterns = patterns;
        this.fanout = fanout;
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
        gauge(registry, RealtimeMeter.FANOUT_PENDING, Tags.empty(), s -> this.fanout.pending());
        gauge(
                registry,
                RealtimeMeter.DRAIN,
                Tags.empty(),
                s -> this.drain.state().ordinal());
        gauge(
                registry,
                RealtimeMeter.DRAIN_REMAINING,
                Tags.empty(),
                s -> this.drain.state() == Drain.State.RUNNING ? 0 : this.drain.remaining());
    }

    /**
     * Makes the gauge of a transport that writes on threads of its own.
     *
     * @param pending how many connections wait for them
     */
    public void bindTransport(MeterRegistry registry, String transport, IntSupplier pending) {
        gauge(registry, RealtimeMeter.TRANSPORT_PENDING, Tags.of("transport", transport), s -> pending.getAsInt());
    }

    /** Makes the gauges of a history in memory. */
    public void bindHistory(MeterRegistry registry, MemoryStreams streams) {
        gauge(
                registry,
                RealtimeMeter.HISTORY_ROOMS,
                Tags.empty(),
                s -> streams.totals().rooms());
        gauge(
                registry,
                RealtimeMeter.HISTORY_EVENTS,
                Tags.empty(),
                s -> streams.totals().events());
        gauge(
                registry,
                RealtimeMeter.HISTORY_BYTES,
                Tags.empty(),
                s -> streams.totals().bytes());
    }

    /** Makes the gauge of what replays from the history. */
    public void bindReplayer(MeterRegistry registry, Replayer replayer) {
        gauge(registry, RealtimeMeter.RESUME_PENDING, Tags.empty(), s -> replayer.pending());
    }

    /** Makes the gauge of publishes with an idempotency key. */
    public void bindKeyedPublishes(MeterRegistry registry, IntSupplier pending) {
        gauge(registry, RealtimeMeter.PUBLISHES_KEYED_PENDING, Tags.empty(), s -> pending.getAsInt());
    }

    /** Makes the gauge of connections that are not decided on yet. */
    public void bindEntering(MeterRegistry registry, IntSupplier entering) {
        gauge(registry, RealtimeMeter.CONNECTIONS_ENTERING, Tags.empty(), s -> entering.getAsInt());
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
