package io.github.realtimespring.actuate;

import io.github.realtimespring.Event;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.handler.HandlerDescription;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Observes joins, handlers, fanout passes and publishes to the backplane (SPEC §14): a timer and, where the application
 * traces, a span for each. The recipients of a pass are counted in its receipt, never observed. A trace goes on from a
 * publish to the passes of its event on all nodes, in the format that the application's tracer propagates.
 * Where nothing hears of observations but meters, {@link RealtimeTimers} takes its place.
 *
 * @since 0.1.0
 */
public final class RealtimeObservations implements RealtimeObserver {

    private static final String NONE = "none";

    private final ObservationRegistry registry;
    private final RoomPatterns patterns;
    private final String adapter;

    /** @param adapter the name of the backplane */
    public RealtimeObservations(ObservationRegistry registry, RoomPatterns patterns, String adapter) {
        this.registry = registry;
        this.patterns = patterns;
        this.adapter = adapter;
    }

    @Override
    public Pass started(Event event, Origin origin) {
        return started(event, origin, Map.of());
    }

    @Override
    public Pass started(Event event, Origin origin, Map<String, String> trace) {
        Observation observation =
                start(RealtimeObservation.FANOUT, trace.isEmpty() ? Observation.Context::new : () -> received(trace));
        observation.lowCardinalityKeyValue("room", this.patterns.pattern(event.key()));
        observation.lowCardinalityKeyValue("event", this.patterns.event(event.type()));
        observation.lowCardinalityKeyValue("origin", origin.name().toLowerCase(Locale.ROOT));
        return receipt -> observation.stop();
    }

    private static ReceiverContext<Map<String, String>> received(Map<String, String> trace) {
        ReceiverContext<Map<String, String>> context = new ReceiverContext<>(Map::get);
        context.setCarrier(trace);
        return context;
    }

    @Override
    public Publishing publishing(Event event) {
        if (this.registry.isNoop()) {
            return RealtimeObserver.super.publishing(event);
        }
        // The tracer writes into it while the observation starts.
        Map<String, String> trace = new HashMap<>(2);
        SenderContext<Map<String, String>> context =
                new SenderContext<>((carrier, name, value) -> trace.put(name, value), Kind.PRODUCER);
        context.setCarrier(trace);
        Observation observation = start(RealtimeObservation.PUBLISH, () -> context);
        observation.lowCardinalityKeyValue("adapter", this.adapter);
        return new Publishing() {
            @Override
            public Map<String, String> trace() {
                return trace;
            }

            @Override
            public void answered(BackplaneOutcome outcome) {
                observation.lowCardinalityKeyValue("outcome", RealtimeMetrics.lower(outcome));
                observation.stop();
            }
        };
    }

    @Override
    public HandlerListener.Call started(HandlerDescription handler, RoomCall call) {
        Observation observation = start(RealtimeObservation.HANDLER);
        observation.lowCardinalityKeyValue("room", handler.pattern());
        observation.lowCardinalityKeyValue("event", RealtimeTimers.event(handler));
        return new HandlerListener.Call() {
            @Override
            public HandlerListener.Scope open() {
                Observation.Scope scope = observation.openScope();
                return scope::close;
            }

            @Override
            public void finished(@Nullable RealtimeException failure, @Nullable Throwable cause) {
                observation.lowCardinalityKeyValue(
                        "outcome", failure == null ? "ok" : failure.code().wireName());
                observation.lowCardinalityKeyValue(
                        "exception", cause == null ? NONE : cause.getClass().getSimpleName());
                stop(observation, cause);
            }
        };
    }

    @Override
    public SessionListener.Call joining(Connection connection, String pattern, boolean resuming) {
        Observation observation = start(RealtimeObservation.JOIN);
        observation.lowCardinalityKeyValue("room", pattern);
        observation.lowCardinalityKeyValue("recovered", resuming ? "false" : NONE);
        return new SessionListener.Call() {
            @Override
            public SessionListener.Scope open() {
                Observation.Scope scope = observation.openScope();
                return scope::close;
            }

            @Override
            public void resumed(Recovery recovery, int replayed) {
                observation.lowCardinalityKeyValue("recovered", Boolean.toString(recovery == Recovery.RECOVERED));
            }

            @Override
            public void finished(@Nullable Throwable failure) {
                observation.lowCardinalityKeyValue("outcome", RealtimeTimers.outcome(failure));
                stop(observation, RealtimeTimers.denied(failure) ? null : failure);
            }
        };
    }

    private Observation start(RealtimeObservation documentation) {
        return start(documentation, Observation.Context::new);
    }

    private <C extends Observation.Context> Observation start(RealtimeObservation documentation, Supplier<C> context) {
        return Observation.createNotStarted(documentation.getName(), context, this.registry)
                .contextualName(documentation.getContextualName())
                .start();
    }

    private static void stop(Observation observation, @Nullable Throwable failure) {
        if (failure != null) {
            observation.error(failure);
        }
        observation.stop();
    }
}
