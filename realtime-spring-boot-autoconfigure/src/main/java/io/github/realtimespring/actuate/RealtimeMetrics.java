package io.github.realtimespring.actuate;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.protocol.KeyedPublish;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Counts what the engine and the sessions tell (SPEC §14, {@link RealtimeMeter}). What happens per recipient or per frame
 * is added up by the engine or costs one increment of a meter that was looked up before; meters with free tags are made
 * when their tags first occur, and tags only have values of which there are few.
 *
 * @since 0.1.0
 */
public final class RealtimeMetrics implements ConnectionListener, FanoutListener, SessionListener {

    private static final String NONE = "none";

    private final MeterRegistry registry;
    private final RoomPatterns patterns;

    private final Map<Delivery, Map<Outcome, Counter>> deliveries = new EnumMap<>(Delivery.class);
    private final Map<GapReason, Counter> gaps = new EnumMap<>(GapReason.class);
    private final Map<ErrorCode, Counter> errors = new EnumMap<>(ErrorCode.class);
    private final Map<Recovery, Counter> resumes = new EnumMap<>(Recovery.class);
    private final Map<KeyedPublish, Counter> keyed = new EnumMap<>(KeyedPublish.class);
    private final Map<Overflow, Counter> overflows = new HashMap<>();
    private final Map<String, Counter> frames = new ConcurrentHashMap<>();
    private final Map<String, OfTransport> transports = new ConcurrentHashMap<>();
    private final Map<String, DistributionSummary> recipients = new ConcurrentHashMap<>();
    private final DistributionSummary replayed;
    private final Timer turn;
    private final Counter cleaned;
    private final Counter limited;

    public RealtimeMetrics(MeterRegistry registry, RoomPatterns patterns) {
        this.registry = registry;
        this.patterns = patterns;
        for (Delivery delivery : Delivery.values()) {
            Map<Outcome, Counter> counters = new EnumMap<>(Outcome.class);
            for (Outcome outcome : Outcome.values()) {
                Tags tags = Tags.of("outcome", lower(outcome), "delivery", delivery.wireName());
                counters.put(outcome, counter(RealtimeMeter.FANOUT_DELIVERIES, tags));
            }
            this.deliveries.put(delivery, counters);
        }
        for (GapReason reason : GapReason.values()) {
            this.gaps.put(reason, counter(RealtimeMeter.GAPS, Tags.of("reason", reason.wireName())));
        }
        for (OverflowPolicy policy : OverflowPolicy.values()) {
            if (policy != OverflowPolicy.CONNECTION) {
                overflow(policy, null);
                for (Delivery delivery : Delivery.values()) {
                    overflow(policy, delivery);
                }
            }
        }
        for (KeyedPublish outcome : KeyedPublish.values()) {
            this.keyed.put(outcome, counter(RealtimeMeter.PUBLISHES_KEYED, Tags.of("outcome", lower(outcome))));
        }
        for (ErrorCode code : ErrorCode.values()) {
            this.errors.put(code, counter(RealtimeMeter.ERRORS, Tags.of("code", code.wireName())));
        }
        for (Recovery recovery : Recovery.values()) {
            if (recovery != Recovery.NOT_ASKED) {
                this.resumes.put(recovery, counter(RealtimeMeter.RESUME, Tags.of("outcome", lower(recovery))));
            }
        }
        this.replayed = DistributionSummary.builder(RealtimeMeter.RESUME_REPLAYED.getName())
                .baseUnit(RealtimeMeter.RESUME_REPLAYED.getBaseUnit())
                .description(RealtimeMeter.RESUME_REPLAYED.getDescription())
                .register(registry);
        this.turn = timer(RealtimeMeter.FANOUT_TURN, Tags.empty());
        this.cleaned = counter(RealtimeMeter.MEMBERSHIPS_CLEANED, Tags.of("cause", "stale"));
        this.limited = counter(RealtimeMeter.INBOUND_LIMITED, Tags.empty());
    }

    /** {@code delivery} is {@code null} for a frame that carries no event. */
    private record Overflow(OverflowPolicy policy, @Nullable Delivery delivery) {}

    private void overflow(OverflowPolicy policy, @Nullable Delivery delivery) {
        Tags tags = Tags.of("policy", lower(policy), "delivery", delivery == null ? NONE : delivery.wireName());
        this.overflows.put(new Overflow(policy, delivery), counter(RealtimeMeter.QUEUE_OVERFLOWS, tags));
    }

    /** The meters of one transport that are needed per frame or per connection. */
    private record OfTransport(Timer duration, Timer queueTime, Counter bytes, Timer roundTrip, Counter silent) {}

    private OfTransport of(Connection connection) {
        return this.transports.computeIfAbsent(connection.transport().name(), transport -> {
            Tags tags = Tags.of("transport", transport);
            return new OfTransport(
                    timer(RealtimeMeter.CONNECTIONS_DURATION, tags),
                    timer(RealtimeMeter.QUEUE_TIME, tags),
                    counter(RealtimeMeter.FANOUT_BYTES, tags),
                    timer(RealtimeMeter.HEARTBEAT_RTT, tags),
                    counter(RealtimeMeter.HEARTBEAT_TIMEOUTS, tags));
        });
    }

    @Override
    public void opened(Connection connection) {
        opened(connection, "accepted", NONE);
    }

    @Override
    public void refused(Connection connection, CloseReason reason) {
        opened(connection, "refused", Integer.toString(reason.code()));
    }

    private void opened(Connection connection, String outcome, String reason) {
        Tags tags = Tags.of("transport", connection.transport().name(), "outcome", outcome, "reason", reason);
        counter(RealtimeMeter.CONNECTIONS_OPENED, tags).increment();
    }

    @Override
    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
        Tags tags = Tags.of(
                "transport", connection.transport().name(), "code", code(reason), "initiator", lower(initiator));
        counter(RealtimeMeter.CONNECTIONS_CLOSED, tags).increment();
        of(connection).duration.record(connection.ageNanos(), TimeUnit.NANOSECONDS);
    }

    /** A peer may close with any code; the ones of its own choice share one tag. */
    private static String code(CloseReason reason) {
        int code = reason.code();
        boolean known = code >= 1000 && code < 1016 || code >= 4400 && code < 4600;
        return known ? Integer.toString(code) : RoomPatterns.OTHER;
    }

    @Override
    public void overflowed(Connection connection, OverflowPolicy policy, @Nullable Delivery delivery) {
        increment(this.overflows.get(new Overflow(policy, delivery)), 1);
    }

    @Override
    public void gapDeclared(Connection connection, GapReason reason) {
        increment(this.gaps.get(reason), 1);
    }

    @Override
    public void flushed(Connection connection, int frames, long bytes, long waitedNanos) {
        OfTransport meters = of(connection);
        meters.bytes.increment(bytes);
        meters.queueTime.record(waitedNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void heartbeat(Connection connection, long roundTripNanos) {
        of(connection).roundTrip.record(roundTripNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void heartbeatMissed(Connection connection) {
        of(connection).silent.increment();
    }

    @Override
    public Pass started(Event event, Origin origin) {
        return receipt -> finished(event, receipt);
    }

    private void finished(Event event, FanoutReceipt receipt) {
        Map<Outcome, Counter> counters = this.deliveries.get(event.delivery().name());
        if (counters != null) {
            increment(counters.get(Outcome.ACCEPTED), receipt.accepted());
            increment(counters.get(Outcome.COALESCED), receipt.coalesced());
            increment(counters.get(Outcome.DROPPED), receipt.dropped());
            increment(counters.get(Outcome.CLOSED), receipt.closed());
            increment(counters.get(Outcome.STALE), receipt.stale());
        }
        this.recipients
                .computeIfAbsent(
                        this.patterns.pattern(event.key()),
                        room -> DistributionSummary.builder(RealtimeMeter.FANOUT_RECIPIENTS.getName())
                                .baseUnit(RealtimeMeter.FANOUT_RECIPIENTS.getBaseUnit())
                                .description(RealtimeMeter.FANOUT_RECIPIENTS.getDescription())
                                .tag("room", room)
                                .register(this.registry))
                .record(receipt.recipients());
    }

    @Override
    public void turn(long nanos) {
        this.turn.record(nanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void cleaned(int memberships) {
        this.cleaned.increment(memberships);
    }

    @Override
    public void received(Connection connection, String type) {
        this.frames
                .computeIfAbsent(type, t -> counter(RealtimeMeter.INBOUND_FRAMES, Tags.of("type", t)))
                .increment();
    }

    @Override
    public void rateLimited(Connection connection) {
        this.limited.increment();
    }

    @Override
    public SessionListener.Call joining(Connection connection, String pattern, boolean resuming) {
        return new SessionListener.Call() {
            @Override
            public void resumed(Recovery recovery, int replayed) {
                increment(RealtimeMetrics.this.resumes.get(recovery), 1);
                if (recovery == Recovery.RECOVERED) {
                    RealtimeMetrics.this.replayed.record(replayed);
                }
            }
        };
    }

    @Override
    public void failed(Connection connection, ErrorCode code) {
        increment(this.errors.get(code), 1);
    }

    @Override
    public void keyed(KeyedPublish outcome) {
        increment(this.keyed.get(outcome), 1);
    }

    private Counter counter(RealtimeMeter meter, Tags tags) {
        return Counter.builder(meter.getName())
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .tags(tags)
                .register(this.registry);
    }

    private Timer timer(RealtimeMeter meter, Tags tags) {
        return Timer.builder(meter.getName())
                .description(meter.getDescription())
                .tags(tags)
                .register(this.registry);
    }

    private static void increment(@Nullable Counter counter, int amount) {
        if (counter != null && amount > 0) {
            counter.increment(amount);
        }
    }

    static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
