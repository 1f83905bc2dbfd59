package io.github.realtimespring.actuate;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.handler.HandlerDescription;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The timers of joins, handlers, fanout passes and publishes without observations: where nothing but a meter registry would hear of
 * them, an observation makes the same timers, but builds them anew for each message, with a second one for what is under
 * way (decision 0026).
 *
 * <p>Thread-safe. A timer is looked up once for each set of tags; how many there are is bounded by what the application
 * declares.
 *
 * @since 0.1.0
 */
public final class RealtimeTimers implements RealtimeObserver {

    private static final String NONE = "none";

    private final MeterRegistry registry;
    private final RoomPatterns patterns;
    private final String adapter;
    private final Clock clock;
    private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

    /** The values of a timer's tags, in the order of {@link RealtimeMeter#getKeyNames}, and what failed. */
    private record Key(RealtimeMeter meter, String first, String second, String third, String fourth, String error) {}

    /** @param adapter the name of the backplane */
    public RealtimeTimers(MeterRegistry registry, RoomPatterns patterns, String adapter) {
        this.registry = registry;
        this.patterns = patterns;
        this.adapter = adapter;
        this.clock = registry.config().clock();
    }

    @Override
    public Pass started(Event event, Origin origin) {
        long began = this.clock.monotonicTime();
        return receipt -> record(
                new Key(
                        RealtimeMeter.FANOUT,
                        this.patterns.pattern(event.key()),
                        this.patterns.event(event.type()),
                        lower(origin),
                        "",
                        NONE),
                began);
    }

    @Override
    public Publishing publishing(Event event) {
        long began = this.clock.monotonicTime();
        return outcome -> record(
                new Key(RealtimeMeter.BACKPLANE_PUBLISH, this.adapter, RealtimeMetrics.lower(outcome), "", "", NONE),
                began);
    }

    @Override
    public HandlerListener.Call started(HandlerDescription handler, RoomCall call) {
        long began = this.clock.monotonicTime();
        return (failure, cause) -> record(
                new Key(
                        RealtimeMeter.HANDLER,
                        handler.pattern(),
                        event(handler),
                        failure == null ? "ok" : failure.code().wireName(),
                        name(cause),
                        name(cause)),
                began);
    }

    @Override
    public SessionListener.Call joining(Connection connection, String pattern, boolean resuming) {
        long began = this.clock.monotonicTime();
        return new SessionListener.Call() {

            private volatile String recovered = resuming ? "false" : NONE;

            @Override
            public void resumed(Recovery recovery, int replayed) {
                this.recovered = Boolean.toString(recovery == Recovery.RECOVERED);
            }

            @Override
            public void finished(@Nullable Throwable failure) {
                String error = denied(failure) ? NONE : name(failure);
                record(new Key(RealtimeMeter.JOINS, pattern, outcome(failure), this.recovered, "", error), began);
            }
        };
    }

    private void record(Key key, long began) {
        Timer timer = this.timers.get(key);
        if (timer == null) {
            timer = this.timers.computeIfAbsent(key, this::timer);
        }
        timer.record(this.clock.monotonicTime() - began, TimeUnit.NANOSECONDS);
    }

    private Timer timer(Key key) {
        Timer.Builder builder = Timer.builder(key.meter().getName())
                .description(key.meter().getDescription())
                .tag("error", key.error());
        String[] values = {key.first(), key.second(), key.third(), key.fourth()};
        for (int i = 0; i < key.meter().getKeyNames().length; i++) {
            builder.tag(key.meter().getKeyNames()[i].asString(), values[i]);
        }
        return builder.register(this.registry);
    }

    /** The tag of a handler: its event, or in parentheses what else it is called for. */
    static String event(HandlerDescription handler) {
        String event = handler.event();
        return event == null ? '(' + handler.kind() + ')' : event;
    }

    static String outcome(@Nullable Throwable failure) {
        if (failure == null) {
            return "allowed";
        }
        return denied(failure) ? "denied" : "error";
    }

    static boolean denied(@Nullable Throwable failure) {
        return failure instanceof RealtimeException refused && refused.code() == ErrorCode.FORBIDDEN;
    }

    private static String name(@Nullable Throwable cause) {
        return cause == null ? NONE : cause.getClass().getSimpleName();
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
