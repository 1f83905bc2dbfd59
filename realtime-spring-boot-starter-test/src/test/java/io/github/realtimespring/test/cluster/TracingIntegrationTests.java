package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.cluster.BoardRoom.Card;
import io.github.realtimespring.test.cluster.BoardRoom.Pointed;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;

/**
 * A publish on one node and the pass on another one are of one trace. The tracer is a small one: it does with contexts what
 * those of Micrometer Tracing do.
 */
@RealtimeClusterTest(
        classes = TracingIntegrationTests.TracedApplication.class,
        properties = "realtime.test.timeout=20s")
class TracingIntegrationTests {

    private static final List<Span> SPANS = new CopyOnWriteArrayList<>();
    private static final AtomicLong NUMBERS = new AtomicLong();

    /** @param parent of its trace, as it stood in the carrier, or the name of what it was begun in */
    private record Span(
            String node,
            String name,
            @Nullable String parent,
            @Nullable String own) {}

    static class TracedApplication extends ClusterApplication {

        @Bean
        Tracer tracer(org.springframework.core.env.Environment environment) {
            return new Tracer(environment.getRequiredProperty("realtime.node-id"));
        }
    }

    private record Tracer(String node) implements ObservationHandler<Observation.Context> {

        @Override
        public void onStart(Observation.Context context) {
            if (context instanceof SenderContext<?> sender) {
                String own = "00-0af7651916cd43dd8448eb211c80319c-%016x-01".formatted(NUMBERS.incrementAndGet());
                inject(sender, own);
                var parent = context.getParentObservation();
                add(context, parent == null ? null : parent.getContextView().getName(), own);
            } else if (context instanceof ReceiverContext<?> receiver) {
                add(context, extract(receiver), null);
            } else {
                add(context, null, null);
            }
        }

        private void add(Observation.Context context, @Nullable String parent, @Nullable String own) {
            SPANS.add(new Span(this.node, context.getName(), parent, own));
        }

        private static <C> void inject(SenderContext<C> context, String own) {
            context.getSetter().set(context.getCarrier(), "traceparent", own);
        }

        private static <C> @Nullable String extract(ReceiverContext<C> context) {
            return context.getGetter().get(context.getCarrier(), "traceparent");
        }

        @Override
        public boolean supportsContext(Observation.Context context) {
            return context.getName() != null && context.getName().startsWith("realtime.");
        }
    }

    @BeforeEach
    void forget() {
        SPANS.clear();
    }

    private static List<Span> spans(String name) {
        return SPANS.stream().filter(span -> span.name().equals(name)).toList();
    }

    private static RealtimeTestClient member(RealtimeCluster cluster, int node, String user) {
        RealtimeTestClient client = cluster.node(node).connectAs(user);
        client.join("board:1").assertJoined();
        return client;
    }

    @Test
    void aPassOnTheOtherNodeIsAChildOfThePublish(RealtimeCluster cluster) {
        RealtimeTestClient alice = member(cluster, 0, "alice");
        RealtimeTestClient bob = member(cluster, 1, "bob");

        alice.publish("point", new Pointed("here")).assertAcked();
        bob.expectEvent("pointed", Pointed.class).isEqualTo(new Pointed("here"));

        // Presence publishes too, when it comes to it and of its own accord.
        List<Span> publishes = spans("realtime.backplane.publish").stream()
                .filter(span -> span.parent() != null)
                .toList();
        assertThat(publishes).hasSize(1);
        Span publish = publishes.get(0);
        assertThat(publish.node()).isEqualTo("node-0");
        assertThat(publish.parent()).isEqualTo("realtime.handler");
        await().until(() -> spans("realtime.fanout").size() == 2);
        assertThat(spans("realtime.fanout"))
                .containsExactlyInAnyOrder(
                        new Span("node-0", "realtime.fanout", null, null),
                        new Span("node-1", "realtime.fanout", publish.own(), null));
    }

    /** It comes back from the backplane, where it was recorded. */
    @Test
    void passesOfARecordedEventAreChildrenOfThePublishOnEveryNode(RealtimeCluster cluster) {
        RealtimeTestClient alice = member(cluster, 0, "alice");
        RealtimeTestClient bob = member(cluster, 1, "bob");

        alice.publish("card.add", new Card("one")).assertAcked();
        bob.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));
        alice.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));

        await().until(() -> spans("realtime.fanout").size() == 2);
        List<Span> passes = spans("realtime.fanout");
        assertThat(passes).extracting(Span::node).containsExactlyInAnyOrder("node-0", "node-1");
        assertThat(passes).extracting(Span::parent).containsOnly(passes.get(0).parent());
        assertThat(spans("realtime.backplane.publish"))
                .filteredOn(span -> span.node().equals("node-0"))
                .extracting(Span::own)
                .contains(passes.get(0).parent());
    }
}
