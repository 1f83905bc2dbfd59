package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisSettings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the server keeps of a stream and for how long, and what the broker asks of it. */
class RedisStreamsTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42").withTenant("acme");

    private static RedisServer redis;
    private static RawRedis operator;

    private final String application = "streams-" + EventId.next(System.currentTimeMillis());
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.shared();
        operator = new RawRedis(redis);
    }

    @AfterAll
    static void stopRedis() {
        operator.close();
        redis.close();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : this.open) {
            resource.close();
        }
    }

    /** Keeps what arrives. */
    private static final class Arrivals implements Broker.Listener {

        private final List<String> received = new CopyOnWriteArrayList<>();
        private final List<Integer> announced = new CopyOnWriteArrayList<>();

        @Override
        public void received(RoutingKey key, byte[] envelope, @Nullable Cursor cursor) {
            String text = new String(envelope, StandardCharsets.UTF_8);
            this.received.add(cursor == null ? text : text + "@" + cursor.offset());
        }

        @Override
        public void announced(byte[] beacon) {
            this.announced.add(beacon.length);
        }

        @Override
        public void reconnected() {}
    }

    private RedisBroker broker(int size, Duration ttl, Arrivals arrivals) {
        return broker(RedisSettings.of(this.application, Duration.ofSeconds(2), size, ttl), arrivals);
    }

    private RedisBroker broker(RedisSettings settings, Arrivals arrivals) {
        RedisBroker broker = new RedisBroker(RedisNode.factory(redis), settings);
        this.open.add(broker);
        broker.start(arrivals);
        await().until(() -> succeeds(broker.announce(new byte[1])) && succeeds(broker.subscribe(ROOM)));
        return broker;
    }

    private static boolean succeeds(CompletionStage<?> stage) {
        try {
            RedisNode.get(stage);
            return true;
        } catch (RuntimeException notYet) {
            return false;
        }
    }

    private static Cursor append(RedisBroker broker, int number) {
        return RedisNode.get(broker.append(ROOM, "id" + number, RawRedis.bytes("e" + number)));
    }

    private String name(String suffix) {
        return this.application + ":acme:{room:project:42}:" + suffix;
    }

    @Test
    void aStreamKeepsItsLastEventsAndTheirIds() {
        RedisBroker broker = broker(3, Duration.ofMinutes(1), new Arrivals());
        Cursor head = RedisNode.get(broker.head(ROOM));
        IntStream.rangeClosed(1, 10).forEach(i -> append(broker, i));

        Broker.Slice slice = RedisNode.get(broker.read(ROOM, new Cursor(head.epoch(), 7), 2));

        assertThat(slice.available()).isTrue();
        assertThat(slice.missed()).isEqualTo(3);
        assertThat(slice.head()).isEqualTo(new Cursor(head.epoch(), 10));
        assertThat(slice.entries())
                .extracting(entry -> new String(entry.envelope(), StandardCharsets.UTF_8) + "@"
                        + entry.cursor().offset())
                .containsExactly("e8@8", "e9@9");
        assertThat(RedisNode.get(broker.read(ROOM, new Cursor(head.epoch(), 6), 2))
                        .available())
                .isFalse();
        assertThat(RedisNode.get(broker.size(ROOM))).isEqualTo(3);
        assertThat(operator.commands().xlen(RawRedis.bytes(name("events")))).isEqualTo(3);
        assertThat(operator.commands().hlen(RawRedis.bytes(name("ids")))).isEqualTo(3);
    }

    @Test
    void aStreamTakesNoMoreBytesThanItMay() {
        RedisSettings settings = RedisSettings.of(this.application, Duration.ofSeconds(2), 1000, Duration.ofMinutes(1));
        Arrivals arrivals = new Arrivals();
        RedisBroker broker = broker(settings.withHistoryBytes(10_000), arrivals);
        Cursor head = RedisNode.get(broker.head(ROOM));
        // 1,000 bytes each, with their ids.
        IntStream.range(10, 40).forEach(i -> append(broker, "id" + i, 792));

        assertThat(RedisNode.get(broker.size(ROOM))).isEqualTo(10);
        assertThat(bytes()).isEqualTo("10000");
        assertThat(RedisNode.get(broker.read(ROOM, new Cursor(head.epoch(), 20), 100))
                        .entries())
                .hasSize(10);

        append(broker, "large1", 4788);
        assertThat(RedisNode.get(broker.size(ROOM))).isEqualTo(6);
        assertThat(bytes()).isEqualTo("10000");

        Cursor last = append(broker, "large2", 20_000);
        assertThat(last.offset()).isEqualTo(32);
        assertThat(RedisNode.get(broker.size(ROOM))).isZero();
        assertThat(bytes()).isEqualTo("0");
        assertThat(operator.commands().hlen(RawRedis.bytes(name("ids")))).isZero();
        assertThat(RedisNode.get(broker.read(ROOM, last, 10)).available()).isTrue();
        assertThat(RedisNode.get(broker.read(ROOM, new Cursor(head.epoch(), 31), 10))
                        .available())
                .isFalse();
        await().untilAsserted(() -> assertThat(arrivals.received).hasSize(32));

        append(broker, "id50", 792);
        operator.commands().del(RawRedis.bytes(name("events")));
        append(broker, "id51", 792);
        assertThat(bytes()).isEqualTo("1000");
    }

    private String bytes() {
        byte[] bytes = operator.commands().hget(RawRedis.bytes(name("at")), RawRedis.bytes("bytes"));
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static Cursor append(RedisBroker broker, String id, int size) {
        return RedisNode.get(broker.append(ROOM, id, new byte[size]));
    }

    @Test
    void anIdThatTheStreamHoldsGetsItsPlaceAgainAndNothingIsSent() {
        Arrivals arrivals = new Arrivals();
        RedisBroker broker = broker(3, Duration.ofMinutes(1), arrivals);
        Cursor first = append(broker, 1);
        append(broker, 2);

        assertThat(append(broker, 1)).isEqualTo(first);

        append(broker, 3);
        await().untilAsserted(() -> assertThat(arrivals.received).containsExactly("e1@1", "e2@2", "e3@3"));
    }

    @Test
    void thePositionOutlivesTheEvents() {
        RedisBroker broker = broker(10, Duration.ofMillis(150), new Arrivals());
        Cursor first = append(broker, 1);
        Cursor second = append(broker, 2);
        await().until(() ->
                operator.commands().exists(RawRedis.bytes(name("events")), RawRedis.bytes(name("ids"))) == 0);

        assertThat(RedisNode.get(broker.head(ROOM))).isEqualTo(second);
        Broker.Slice nothingMissed = RedisNode.get(broker.read(ROOM, second, 10));
        assertThat(nothingMissed.available()).isTrue();
        assertThat(nothingMissed.missed()).isZero();
        assertThat(RedisNode.get(broker.read(ROOM, first, 10)).available()).isFalse();
        assertThat(append(broker, 3)).isEqualTo(new Cursor(second.epoch(), 3));
        assertThat(operator.commands().pttl(RawRedis.bytes(name("at"))))
                .isGreaterThan(Duration.ofHours(23).toMillis());
    }

    @Test
    void anEventThatIsTooOldIsGoneThoughOthersAreNot() {
        RedisBroker broker = broker(10, Duration.ofMillis(400), new Arrivals());
        Cursor head = RedisNode.get(broker.head(ROOM));
        append(broker, 1);
        await().pollDelay(Duration.ofMillis(250)).until(() -> append(broker, 2).offset() == 2);
        await().until(() -> !RedisNode.get(broker.read(ROOM, head, 10)).available());

        assertThat(RedisNode.get(broker.read(ROOM, new Cursor(head.epoch(), 1), 10))
                        .entries())
                .hasSize(1);
    }

    /** An eviction takes keys one by one. */
    @Test
    void aStreamThatLostOneOfItsKeysStaysConsistent() {
        RedisBroker broker = broker(10, Duration.ofMinutes(1), new Arrivals());
        Cursor first = append(broker, 1);
        operator.commands().del(RawRedis.bytes(name("events")));
        assertThat(append(broker, 2)).isEqualTo(new Cursor(first.epoch(), 2));
        assertThat(RedisNode.get(broker.read(ROOM, new Cursor(first.epoch(), 0), 10))
                        .available())
                .isFalse();

        operator.commands().del(RawRedis.bytes(name("at")));
        Cursor anew = append(broker, 3);
        assertThat(anew.epoch()).isNotEqualTo(first.epoch());
        assertThat(anew.offset()).isEqualTo(1);
        assertThat(RedisNode.get(broker.size(ROOM))).isEqualTo(1);
    }

    @Test
    void everyNodeHasTwoConnectionsWhateverTheNumberOfRooms() {
        long before = clients();
        RedisNode one = RedisNode.start(redis, this.application);
        this.open.add(one);
        List<CompletableFuture<Void>> joining = IntStream.range(0, 1000)
                .mapToObj(i -> RoutingKey.room("room:" + i))
                .map(key -> one.backplane.subscribe(key).toCompletableFuture())
                .toList();
        RedisNode.get(CompletableFuture.allOf(joining.toArray(CompletableFuture[]::new)));

        assertThat(clients() - before).isEqualTo(2);
        assertThat(operator.receivers(this.application + "::{room:room:999}:live"))
                .isEqualTo(1);
    }

    private static long clients() {
        return operator.commands().clientList().lines().count();
    }

    /** What an event loop of the connection writes by itself overtakes what others have given it to write. */
    @Test
    void publishesFromAnEventLoopKeepTheOrderOfTheirKey() throws Exception {
        RoutingKey room = RoutingKey.room("order");
        RedisNode one = RedisNode.start(redis, this.application);
        RedisNode two = RedisNode.start(redis, this.application);
        this.open.addAll(List.of(one, two));
        two.join(room);
        List<CompletionStage<?>> published = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 2000; i++) {
            published.add(one.publish(room, Delivery.STANDARD, "thread")
                    .thenRun(() -> published.add(one.publish(room, Delivery.STANDARD, "loop"))));
        }
        await().until(() -> published.size() == 4000);
        published.forEach(RedisNode::get);

        await().untilAsserted(() -> assertThat(two.data(room)).hasSize(4000));
        assertThat(two.counts.of(Received.LATE)).isZero();
        assertThat(two.counts.lost()).isZero();
    }
}
