package io.github.realtimespring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.Kind;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RealtimeObservationsTests {

    private static final String PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final ObservationRegistry registry = ObservationRegistry.create();
    private final RealtimeObservations observations =
            new RealtimeObservations(this.registry, new RoomPatterns(() -> null), "memory");
    private final Event event =
            Event.of(RoutingKey.room("project:42"), "message.created", Payload.NULL, DeliveryClass.RECOVERABLE);

    private <C extends Observation.Context> void handle(ObservationHandler<C> handler) {
        this.registry.observationConfig().observationHandler(handler);
    }

    @Test
    void aPublishIsATimerWithWhatBecameOfIt() {
        handle(new DefaultMeterObservationHandler(this.meters));

        this.observations.publishing(this.event).answered(BackplaneOutcome.LOCAL_ONLY);
        this.observations.publishing(this.event).answered(BackplaneOutcome.RECORDED);

        for (String outcome : List.of("local-only", "recorded")) {
            assertThat(this.meters
                            .get("realtime.backplane.publish")
                            .tags("adapter", "memory", "outcome", outcome)
                            .timer()
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void aPublishIsAChildOfWhatItIsPublishedIn() {
        List<Observation.Context> started = new ArrayList<>();
        handle(new Starts(started));
        Observation.createNotStarted("outer", this.registry)
                .observe(() -> this.observations.publishing(this.event).answered(BackplaneOutcome.RECORDED));

        assertThat(started).hasSize(2);
        assertThat(started.get(1).getParentObservation().getContextView()).isSameAs(started.get(0));
    }

    private record Starts(List<Observation.Context> started) implements ObservationHandler<Observation.Context> {

        @Override
        public void onStart(Observation.Context context) {
            this.started.add(context);
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return true;
        }
    }

    /** What a tracer's handlers do with the two kinds of context. */
    @Test
    void theTraceOfAPublishIsWhatAPassOfItsEventIsAChildOf() {
        List<String> extracted = new ArrayList<>();
        handle(new ObservationHandler<SenderContext<Object>>() {
            @Override
            public void onStart(SenderContext<Object> context) {
                assertThat(context.getKind()).isEqualTo(Kind.PRODUCER);
                context.getSetter().set(context.getCarrier(), "traceparent", PARENT);
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return context instanceof SenderContext;
            }
        });
        handle(new ObservationHandler<ReceiverContext<Object>>() {
            @Override
            public void onStart(ReceiverContext<Object> context) {
                extracted.add(context.getGetter().get(context.getCarrier(), "traceparent"));
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return context instanceof ReceiverContext;
            }
        });

        FanoutListener.Publishing publishing = this.observations.publishing(this.event);
        assertThat(publishing.trace()).isEqualTo(Map.of("traceparent", PARENT));
        this.observations
                .started(this.event, FanoutListener.Origin.REMOTE, publishing.trace())
                .finished(FanoutReceipt.none(this.event.key()));
        assertThat(extracted).containsExactly(PARENT);

        this.observations
                .started(this.event, FanoutListener.Origin.LOCAL)
                .finished(FanoutReceipt.none(this.event.key()));
        assertThat(extracted).hasSize(1);
    }

    @Test
    void withoutATracerNothingTravels() {
        handle(new DefaultMeterObservationHandler(this.meters));
        assertThat(this.observations.publishing(this.event).trace()).isEmpty();
        assertThat(new RealtimeObservations(ObservationRegistry.NOOP, new RoomPatterns(() -> null), "memory")
                        .publishing(this.event)
                        .trace())
                .isEmpty();
    }
}
