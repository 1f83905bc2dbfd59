package io.github.realtimespring.test.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Published;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Kafka that is killed, or stands still, while two nodes publish. */
class KafkaFaultIntegrationTests {

    private static final Logger logger = LoggerFactory.getLogger(KafkaFaultIntegrationTests.class);

    private static KafkaServer.Process server;

    private final RoutingKey room = RoutingKey.room("faults").withTenant("acme");
    private KafkaNodes.Node one;
    private KafkaNodes.Node two;

    @BeforeAll
    static void startKafka() {
        server = KafkaServer.process();
    }

    @AfterAll
    static void stopKafka() {
        server.close();
    }

    @BeforeEach
    void startNodes() {
        String topic = "faults." + System.nanoTime();
        this.one = new KafkaNodes.Node(server, KafkaNodes.settings("faults", topic, false), null);
        this.two = new KafkaNodes.Node(server, KafkaNodes.settings("faults", topic, true), null);
        await().atMost(Duration.ofSeconds(20)).until(() -> this.one.isUp() && this.two.isUp());
        this.one.join(this.room);
        this.two.join(this.room);
    }

    @AfterEach
    void stopNodes() {
        this.one.close();
        this.two.close();
    }

    /** Publishes from both nodes until it is told to stop. */
    private final class Traffic implements AutoCloseable {

        final Map<Event, CompletionStage<Published>> published = new LinkedHashMap<>();
        final List<Long> calls = new ArrayList<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Thread thread = new Thread(this::run, "traffic");

        Traffic() {
            this.thread.start();
        }

        private void run() {
            for (int i = 0; !this.over.get(); i++) {
                Event event = event(i, i % 3 == 0 ? DeliveryClass.CRITICAL : DeliveryClass.RECOVERABLE);
                long before = System.nanoTime();
                this.published.put(
                        event,
                        (i % 2 == 0 ? KafkaFaultIntegrationTests.this.one : KafkaFaultIntegrationTests.this.two)
                                .publish(event));
                this.calls.add(System.nanoTime() - before);
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
            }
        }

        @Override
        public void close() {
            this.over.set(true);
            try {
                this.thread.join();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }

        List<Event> with(BackplaneOutcome outcome) {
            return this.published.entrySet().stream()
                    .filter(entry -> KafkaNodes.get(entry.getValue()).outcome() == outcome)
                    .map(Map.Entry::getKey)
                    .toList();
        }
    }

    private Event event(int number, DeliveryClass delivery) {
        return Event.of(this.room, "test.event", Payload.ofJson(Integer.toString(number)), delivery);
    }

    @Test
    void aKafkaThatIsKilledAndComesBackLosesNoAcceptedEventAndDoublesNone() {
        long recovery;
        Traffic traffic = new Traffic();
        try (traffic) {
            both(node -> node.data().size() >= 100, 20);
            server.kill();
            both(node -> !node.backplane.status().readable(), 10);
            both(node -> !node.backplane.status().writable(), 10);
            server.start();
            long started = System.nanoTime();
            both(KafkaNodes.Node::isUp, 10);
            recovery = Duration.ofNanos(System.nanoTime() - started).toMillis();
            int before = this.one.data().size();
            both(node -> node.data().size() >= before + 100, 20);
        }
        logger.info("Kafka is used again {} ms after it had started", recovery);
        List<Event> recorded = traffic.with(BackplaneOutcome.RECORDED);
        List<Event> rejected = traffic.with(BackplaneOutcome.REJECTED);
        List<Event> unknown = new ArrayList<>(traffic.with(BackplaneOutcome.UNKNOWN));
        assertThat(recorded).hasSizeGreaterThan(200);
        // Whoever was told that nothing is known asks again, wherever it is now.
        List<CompletionStage<Published>> again =
                unknown.stream().map(this.two::publish).toList();
        assertThat(again)
                .allSatisfy(published ->
                        assertThat(KafkaNodes.get(published).outcome()).isEqualTo(BackplaneOutcome.RECORDED));
        List<Event> accepted = new ArrayList<>(recorded);
        accepted.addAll(unknown);
        both(node -> node.data().size() >= accepted.size(), 20);

        for (KafkaNodes.Node node : List.of(this.one, this.two)) {
            assertThat(node.listener.events()).extracting(Event::id).doesNotHaveDuplicates();
            assertThat(node.listener.events()).extracting(Event::id).containsAll(ids(accepted));
            assertThat(node.listener.events()).extracting(Event::id).doesNotContainAnyElementsOf(ids(rejected));
            assertThat(node.listener.events())
                    .extracting(event -> cursor(event).offset())
                    .isSorted();
            assertThat(node.listener.lost()).isZero();
        }
        assertThat(this.two.data()).isEqualTo(this.one.data());
        assertThat(this.one.statuses).anyMatch(status -> !status.readable()).anyMatch(status -> !status.writable());
    }

    @Test
    void aKafkaThatStandsStillHoldsNoPublisher() throws Exception {
        server.signal("STOP");
        Traffic traffic = new Traffic();
        try (traffic) {
            both(node -> !node.isUp(), 10);
        } finally {
            server.signal("CONT");
        }
        assertThat(traffic.calls)
                .allMatch(nanos -> nanos < Duration.ofMillis(500).toNanos());
        traffic.published.values().forEach(KafkaNodes::get);
        both(KafkaNodes.Node::isUp, 15);
        Published published = KafkaNodes.get(this.one.publish(event(-1, DeliveryClass.CRITICAL)));

        assertThat(published.outcome()).isEqualTo(BackplaneOutcome.RECORDED);
        both(node -> node.data().contains("-1"), 10);
        assertThat(this.two.data()).isEqualTo(this.one.data());
    }

    private void both(Predicate<KafkaNodes.Node> condition, int seconds) {
        await().atMost(Duration.ofSeconds(seconds))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> condition.test(this.one) && condition.test(this.two));
    }

    private static List<String> ids(List<Event> events) {
        return events.stream().map(Event::id).toList();
    }

    private static Cursor cursor(Event event) {
        Cursor cursor = event.cursor();
        assertThat(cursor).isNotNull();
        return cursor;
    }
}
