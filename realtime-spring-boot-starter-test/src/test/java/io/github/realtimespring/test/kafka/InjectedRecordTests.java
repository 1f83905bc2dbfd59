package io.github.realtimespring.test.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Received;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Others can write to the topic, too: what no node of the application wrote is counted, and nobody gets it. */
class InjectedRecordTests {

    private static KafkaServer server;

    private final RoutingKey room = RoutingKey.room("project:42").withTenant("acme");
    private final RoutingKey others = RoutingKey.room("project:42").withTenant("evil");
    private final String topic = "injected." + System.nanoTime();
    private final byte[] secret = "a secret of the application".getBytes(StandardCharsets.UTF_8);
    private KafkaNodes.Node one;
    private KafkaNodes.Node two;
    private KafkaProducer<byte[], byte[]> mallory;

    @BeforeAll
    static void startKafka() {
        server = KafkaServer.inThisProcess();
    }

    @AfterAll
    static void stopKafka() {
        server.close();
    }

    @BeforeEach
    void startNodes() {
        this.one = new KafkaNodes.Node(server, KafkaNodes.settings("injected", this.topic, false), this.secret);
        this.two = new KafkaNodes.Node(server, KafkaNodes.settings("injected", this.topic, false), this.secret);
        await().atMost(Duration.ofSeconds(20)).until(() -> this.one.isUp() && this.two.isUp());
        this.two.join(this.room).join(this.others);
        Map<String, Object> properties = new HashMap<>(server.properties());
        properties.put("max.request.size", 8 << 20);
        this.mallory = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @AfterEach
    void stopNodes() {
        this.one.close();
        this.two.close();
        this.mallory.close(Duration.ofSeconds(1));
    }

    @Test
    void whatIsNotOfTheApplicationIsCountedByItsReasonAndDoesNoHarm() {
        KafkaNodes.get(this.one.publish(this.room, 1, DeliveryClass.STANDARD));
        KafkaNodes.get(this.one.publish(this.others, 2, DeliveryClass.STANDARD));
        await().until(() -> this.two.data().size() == 2);
        List<ConsumerRecord<byte[], byte[]>> genuine = envelopes(2);
        ConsumerRecord<byte[], byte[]> good = genuine.get(0);
        ConsumerRecord<byte[], byte[]> foreign = genuine.get(1);
        Random random = new Random(7);
        for (int i = 0; i < 10; i++) {
            byte[] noise = new byte[100 + random.nextInt(200)];
            random.nextBytes(noise);
            // Malformed: no header, no key, a header that says nothing, a name that is none, noise.
            inject(new ProducerRecord<>(this.topic, good.partition(), good.key(), noise));
            inject(like(good, null, noise));
            inject(new ProducerRecord<>(
                    this.topic, good.partition(), null, good.key(), noise, List.of(header(good, new byte[] {'?'}))));
            inject(like(good, "injected/room:\r\n*".getBytes(StandardCharsets.UTF_8), noise));
            inject(like(good, good.key(), noise));
            // Unsigned: without a signature, and with one bit changed.
            byte[] unsigned = Arrays.copyOf(good.value(), good.value().length - 32);
            unsigned[2] &= ~1;
            inject(like(good, good.key(), unsigned));
            byte[] changed = good.value().clone();
            changed[20 + i] ^= 1;
            inject(like(good, good.key(), changed));
            // Oversized.
            inject(like(good, good.key(), new byte[(2 << 20) + 1 + i]));
            // Of another tenant than the record's key.
            inject(like(foreign, foreign.key(), good.value()));
            // Of another application: nothing to do with this one.
            inject(like(good, "another/room:x".getBytes(StandardCharsets.UTF_8), noise));
        }
        KafkaNodes.get(this.one.publish(this.room, 3, DeliveryClass.STANDARD));

        await().untilAsserted(() -> assertThat(this.two.data()).containsExactly("1", "2", "3"));
        assertThat(this.two.count(Received.MALFORMED)).isEqualTo(50);
        assertThat(this.two.count(Received.UNSIGNED)).isEqualTo(20);
        assertThat(this.two.count(Received.OVERSIZED)).isEqualTo(10);
        assertThat(this.two.count(Received.FOREIGN)).isEqualTo(10);
        assertThat(this.two.count(Received.DELIVERED)).isEqualTo(3);
        assertThat(this.two.listener.lost()).isZero();
        assertThat(this.two.isUp()).isTrue();
    }

    @Test
    void anEntryThatIsForgedIsAHoleThatIsToldAndDeliveredToNobody() {
        KafkaNodes.get(this.one.publish(this.room, 1, DeliveryClass.RECOVERABLE));
        await().until(() -> this.two.data().size() == 1);
        ConsumerRecord<byte[], byte[]> good = envelopes(1).get(0);

        byte[] header = "Rforged".getBytes(StandardCharsets.UTF_8);
        inject(new ProducerRecord<>(
                this.topic, good.partition(), null, good.key(), new byte[300], List.of(header(good, header))));
        KafkaNodes.get(this.one.publish(this.room, 2, DeliveryClass.RECOVERABLE));

        await().untilAsserted(() -> assertThat(this.two.data()).containsExactly("1", "2"));
        assertThat(this.two.count(Received.MALFORMED)).isPositive();
        assertThat(this.two.listener.lost()).isEqualTo(1);
    }

    private void inject(ProducerRecord<byte[], byte[]> record) {
        try {
            this.mallory.send(record).get();
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }

    private ProducerRecord<byte[], byte[]> like(ConsumerRecord<byte[], byte[]> good, byte[] key, byte[] value) {
        return new ProducerRecord<>(this.topic, good.partition(), null, key, value, good.headers());
    }

    private static Header header(ConsumerRecord<byte[], byte[]> good, byte[] value) {
        String name = good.headers().iterator().next().key();
        return new RecordHeader(name, value);
    }

    /** The first records that are no beacons, as anybody who may read the topic sees them, in the order of time. */
    private List<ConsumerRecord<byte[], byte[]>> envelopes(int count) {
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(server.properties(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> all = IntStream.range(0, KafkaNodes.PARTITIONS)
                    .mapToObj(number -> new TopicPartition(this.topic, number))
                    .toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
            while (found.size() < count) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> {
                    if (!Arrays.equals(record.key(), "injected/".getBytes(StandardCharsets.UTF_8))) {
                        found.add(record);
                    }
                });
            }
            found.sort(Comparator.comparing(record -> new String(record.key(), StandardCharsets.UTF_8)));
            return found;
        }
    }
}
