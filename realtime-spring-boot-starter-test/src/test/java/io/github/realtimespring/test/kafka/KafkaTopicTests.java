package io.github.realtimespring.test.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.kafka.KafkaBroker;
import io.github.realtimespring.kafka.KafkaBrokerSettings;
import io.github.realtimespring.kafka.KafkaTopicException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What nodes do with the topic, and what becomes of their streams when somebody else does something with it. */
class KafkaTopicTests {

    private static KafkaServer server;
    private static Admin admin;

    private final RoutingKey room = RoutingKey.room("project:42");
    private final String topic = "topics." + System.nanoTime();
    private final List<KafkaNodes.Node> nodes = new ArrayList<>();

    @BeforeAll
    static void startKafka() {
        server = KafkaServer.inThisProcess();
        admin = Admin.create(new HashMap<>(server.properties()));
    }

    @AfterAll
    static void stopKafka() {
        admin.close();
        server.close();
    }

    @AfterEach
    void stopNodes() {
        this.nodes.forEach(KafkaNodes.Node::close);
    }

    private KafkaNodes.Node node(boolean sharded) {
        KafkaNodes.Node node = new KafkaNodes.Node(server, KafkaNodes.settings("topics", this.topic, sharded), null);
        this.nodes.add(node);
        await().atMost(Duration.ofSeconds(20)).until(node::isUp);
        return node;
    }

    @Test
    void aTopicWithOtherPartitionsIsRefusedWithAdvice() throws Exception {
        admin.createTopics(List.of(new NewTopic(this.topic, Optional.of(5), Optional.empty())))
                .all()
                .get();

        try (KafkaBroker broker =
                new KafkaBroker(KafkaNodes.settings("topics", this.topic, false), KafkaNodes.clients(server))) {
            assertThatExceptionOfType(KafkaTopicException.class)
                    .isThrownBy(broker::check)
                    .withMessageContaining(this.topic)
                    .withMessageContaining("5 partitions")
                    .satisfies(ex -> assertThat(ex.action()).contains("realtime.backplane.kafka.partitions to 5"));
        }
    }

    @Test
    void aTopicThatCannotBeIsSaidAtOnce() {
        try (KafkaBroker broker =
                new KafkaBroker(KafkaNodes.settings("topics", "not/a/topic", false), KafkaNodes.clients(server))) {
            assertThatExceptionOfType(KafkaTopicException.class)
                    .isThrownBy(broker::check)
                    .withMessageContaining("not/a/topic")
                    .satisfies(ex -> assertThat(ex.action()).contains("realtime.backplane.kafka.topic"));
        }
    }

    @Test
    void aTopicThatCannotBeCreatedIsSaidAtOnce() {
        KafkaBrokerSettings settings = new KafkaBrokerSettings(
                "topics", this.topic, 3, (short) 3, false, Duration.ofSeconds(2), HistoryLimits.DEFAULTS);
        try (KafkaBroker broker = new KafkaBroker(settings, KafkaNodes.clients(server))) {
            assertThatExceptionOfType(KafkaTopicException.class)
                    .isThrownBy(broker::check)
                    .withMessageContaining("cannot be created")
                    .satisfies(ex -> assertThat(ex.action()).contains("3 partitions", "300 seconds"));
        }
    }

    @Test
    void aShardedNodeReadsThePartitionsOfItsMembersAndOneForItsBeacons() {
        KafkaNodes.Node one = node(true);
        assertThat(one.broker.partitions()).hasSize(1);

        for (int i = 0; i < 30; i++) {
            one.join(RoutingKey.room("room:" + i));
        }

        assertThat(one.broker.partitions()).hasSize(KafkaNodes.PARTITIONS);
        await().untilAsserted(() -> assertThat(one.isUp()).isTrue());
    }

    @Test
    void aPublisherThatReadsNothingStillGetsThePlaceOfItsEvent() {
        KafkaNodes.Node one = node(false).join(this.room);
        KafkaNodes.Node two = node(true);

        Published published = KafkaNodes.get(two.publish(this.room, 1, DeliveryClass.RECOVERABLE));

        await().untilAsserted(() -> assertThat(one.data()).containsExactly("1"));
        assertThat(one.listener.events().get(0).cursor()).isEqualTo(published.cursor());
    }

    @Test
    void anIdThatTwoNodesRecordAtTheSameTimeIsDeliveredOnceAndHasOnePlace() {
        KafkaNodes.Node one = node(false).join(this.room);
        KafkaNodes.Node two = node(false).join(this.room);
        List<CompletionStage<Published>> first = new ArrayList<>();
        List<CompletionStage<Published>> second = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Event event =
                    Event.of(this.room, "test.event", Payload.ofJson(Integer.toString(i)), DeliveryClass.RECOVERABLE);
            first.add(one.publish(event));
            second.add(two.publish(event));
        }
        // Whichever of two came second has a place, too, which is counted if it is the last one.
        second.forEach(KafkaNodes::get);
        Event last = Event.of(this.room, "test.event", Payload.ofJson("50"), DeliveryClass.RECOVERABLE);
        Cursor end = KafkaNodes.get(one.publish(last)).cursor();

        await().untilAsserted(() -> assertThat(one.data()).hasSize(51));
        await().untilAsserted(() -> assertThat(two.data()).isEqualTo(one.data()));
        for (int i = 0; i < 50; i++) {
            assertThat(KafkaNodes.get(second.get(i))).isEqualTo(KafkaNodes.get(first.get(i)));
        }
        Cursor start =
                new Cursor(end.epoch(), KafkaNodes.get(first.get(0)).cursor().offset());
        var replay = KafkaNodes.get(two.backplane.history().since(this.room, start, 100));
        assertThat(replay.missed()).isEqualTo(50);
        assertThat(replay.events())
                .extracting(recorded -> recorded.event().id())
                .doesNotHaveDuplicates();
        assertThat(one.listener.lost() + two.listener.lost()).isZero();
    }

    @Test
    void aNodeThatStartsLaterKnowsTheStreamsAsFarAsTheLogHasThem() throws Exception {
        KafkaNodes.Node one = node(false).join(this.room);
        List<Cursor> places = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            places.add(KafkaNodes.get(one.publish(this.room, i, DeliveryClass.RECOVERABLE))
                    .cursor());
        }
        KafkaNodes.Node two = node(true);
        var whole = KafkaNodes.get(two.backplane.history().since(this.room, places.get(3), 100));

        Map<TopicPartition, RecordsToDelete> deleted = new HashMap<>();
        for (int i = 0; i < KafkaNodes.PARTITIONS; i++) {
            deleted.put(new TopicPartition(this.topic, i), RecordsToDelete.beforeOffset(-1));
        }
        admin.deleteRecords(deleted).all().get();
        KafkaNodes.Node three = node(true);
        var lost = KafkaNodes.get(three.backplane.history().since(this.room, places.get(3), 100));
        Cursor next = KafkaNodes.get(three.publish(this.room, 10, DeliveryClass.RECOVERABLE))
                .cursor();

        assertThat(whole.available()).isTrue();
        assertThat(whole.missed()).isEqualTo(6);
        assertThat(lost.available()).isFalse();
        assertThat(next.epoch()).isEqualTo(places.get(9).epoch());
        assertThat(KafkaNodes.get(one.backplane.history().since(this.room, places.get(9), 100))
                        .missed())
                .isEqualTo(1);
        await().untilAsserted(() -> assertThat(one.data()).hasSize(11));
        assertThat(one.listener.lost()).isZero();
    }

    @Test
    void aTopicThatIsMadeAnewIsAnotherEpochAndWhatWasLostIsTold() throws Exception {
        KafkaNodes.Node one = node(false).join(this.room);
        Cursor before = KafkaNodes.get(one.publish(this.room, 1, DeliveryClass.RECOVERABLE))
                .cursor();
        await().until(() -> one.data().size() == 1);

        admin.deleteTopics(List.of(this.topic)).all().get();
        await().atMost(Duration.ofSeconds(30)).until(() -> one.listener.lost() > 0 && one.isUp());
        Cursor after = KafkaNodes.get(one.publish(this.room, 2, DeliveryClass.RECOVERABLE))
                .cursor();

        assertThat(after.epoch()).isNotEqualTo(before.epoch());
        assertThat(KafkaNodes.get(one.backplane.history().since(this.room, before, 100))
                        .available())
                .isFalse();
        await().untilAsserted(() -> assertThat(one.data()).containsExactly("1", "2"));
    }

    /** One that may not be made again, so that it stays away. */
    @Test
    void aTopicThatIsGoneDoesNotFloodTheLogAndIsReadAgainWhenItIsBack() throws Exception {
        KafkaBrokerSettings settings = new KafkaBrokerSettings(
                this.topic,
                this.topic,
                KafkaNodes.PARTITIONS,
                (short) 3,
                false,
                Duration.ofSeconds(2),
                HistoryLimits.DEFAULTS);
        NewTopic made = new NewTopic(this.topic, KafkaNodes.PARTITIONS, (short) 1);
        admin.createTopics(List.of(made)).all().get();
        KafkaNodes.Node one = new KafkaNodes.Node(server, settings, null);
        this.nodes.add(one);
        one.join(this.room);
        await().until(one::isUp);
        Logger log = (Logger) LoggerFactory.getLogger("org.apache.kafka.clients.consumer.internals.FetchCollector");
        AtomicInteger lines = new AtomicInteger();
        AppenderBase<ILoggingEvent> counting = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent line) {
                lines.incrementAndGet();
            }
        };
        counting.start();
        log.addAppender(counting);
        boolean additive = log.isAdditive();
        log.setAdditive(false);
        try {
            long begin = System.nanoTime();
            admin.deleteTopics(List.of(this.topic)).all().get();
            // Three seconds; more on a machine that is busy, which may also say it of the beacons that are late.
            await().until(() -> !one.backplane.status().readable());
            await().until(() -> lines.get() > 0);
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
            // Some hundred a second, and 4,000 without a pause, both on a machine that is busy.
            assertThat(lines.get()).isBetween(1, 1_000 * (int) Math.max(3, seconds));

            admin.createTopics(List.of(made)).all().get();
            await().atMost(Duration.ofSeconds(20)).until(() -> one.listener.lost() > 0 && one.isUp());
            KafkaNodes.get(one.publish(this.room, 1, DeliveryClass.RECOVERABLE));
            await().untilAsserted(() -> assertThat(one.data()).contains("1"));
        } finally {
            log.setAdditive(additive);
            log.detachAppender(counting);
        }
    }
}
