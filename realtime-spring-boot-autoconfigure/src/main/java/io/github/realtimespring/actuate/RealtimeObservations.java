package io.github.realtimespring.actuate;

import io.github.realtimespring.Event;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.handler.HandlerDescription;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Observes joins, handlers and fanout passes (SPEC §14): a timer and, where the application traces, a span for each. The
 * recipients of a pass are counted in its receipt, never observed. Where nothing hears of observations but meters,
 * {@link RealtimeTimers} takes its place.
 *
 * @since 0.1.0
 */
public final class RealtimeObservations implements RealtimeObserver {

    private static final String NONE = "none";

    private final ObservationRegistry registry;
    private final RoomPatterns patterns;

    public RealtimeObservations(ObservationRegistry registry, RoomPatterns patterns) {
        this.registry = registry;
        this.patterns = patterns;
    }

    @Override
    public Pass started(Event event, Origin origin) {
        Observation observation = start(RealtimeObservation.FANOUT);
        observation.lowCardinalityKeyValue("room", this.patterns.pattern(event.key()));
        observation.lowCardinalityKeyValue("event", this.patterns.event(event.type()));
        observation.lowCardinalityKeyValue("origin", origin.name().toLowerCase(Locale.ROOT));
        return receipt -> observation.stop();
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
        return Observation.createNotStarted(documentation.getName(), this.registry)
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
