package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Published;
import io.lettuce.core.KillArgs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** A server that is killed, stands still or forgets: what listeners saw against what was accepted. */
class RedisFaultTests {

    private static final String[] DURABLE = {"--appendonly", "yes", "--appendfsync", "always"};

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final RoutingKey APPROVALS = RoutingKey.room("approvals:42");
    private static final RoutingKey NOTICES = RoutingKey.room("notices:42");
    private static final RoutingKey QUIET = RoutingKey.room("quiet:42");

    private final List<AutoCloseable> open = new ArrayList<>();
    private RedisServer redis;
    private RedisNode one;
    private RedisNode two;

    private void start(String... arguments) {
        this.redis = open(RedisServer.start(arguments));
        this.one = open(RedisNode.start(this.redis, "faults"));
        this.two = open(RedisNode.start(this.redis, "faults"));
        for (RoutingKey key : List.of(ROOM, APPROVALS, NOTICES, QUIET)) {
            this.one.join(key);
            this.two.join(key);
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        this.open.add(0, resource);
        return resource;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : this.open) {
            resource.close();
        }
    }

    /** Publishes to three rooms, one event a millisecond for each, and keeps what became of it. */
    private static final class Traffic {

        private final RedisNode node;
        private final AtomicInteger next = new AtomicInteger();
        private final Map<String, Published> outcomes = new ConcurrentHashMap<>();
        private final Thread thread = new Thread(this::run, "traffic");
        private volatile boolean over;

        Traffic(RedisNode node) {
            this.node = node;
            this.thread.start();
        }

        private void run() {
            while (!this.over) {
                int number = this.next.getAndIncrement();
                publish(ROOM, Delivery.RECOVERABLE, "r" + number);
                publish(APPROVALS, Delivery.CRITICAL, "c" + number);
                publish(NOTICES, Delivery.STANDARD, "s" + number);
                try {
                    TimeUnit.MILLISECONDS.sleep(1);
                } catch (InterruptedException ex) {
                    return;
                }
            }
        }

        private void publish(RoutingKey key, Delivery delivery, String data) {
            this.node.publish(key, delivery, data).thenAccept(published -> this.outcomes.put(data, published));
        }

        int published() {
            return this.next.get();
        }

        void end() throws InterruptedException {
            this.over = true;
            this.thread.join();
            await().until(() -> this.outcomes.size() == 3 * this.next.get());
        }

        List<String> accepted(String prefix) {
            return this.outcomes.entrySet().stream()
                    .filter(entry -> entry.getKey().startsWith(prefix))
                    .filter(entry -> entry.getValue().outcome() == BackplaneOutcome.RECORDED)
                    .sorted((a, b) -> Long.compare(offset(a), offset(b)))
                    .map(Map.Entry::getKey)
                    .toList();
        }

        private static long offset(Map.Entry<String, Published> entry) {
            return entry.getValue().cursor().offset();
        }

        Set<BackplaneOutcome> outcomes() {
            Set<BackplaneOutcome> seen = new HashSet<>();
            this.outcomes.values().forEach(published -> seen.add(published.outcome()));
            return seen;
        }
    }

    @Test
    void killedAndRestartedUnderTrafficItLosesNothingThatWasAcceptedAndTellsWhatElseWasLost() throws Exception {
        start(DURABLE);
        Traffic traffic = new Traffic(this.one);
        await().until(() -> this.two.data(ROOM).size() > 200);
        CompletionStage<Published> last = this.one.publish(QUIET, Delivery.RECOVERABLE, "last");

        this.redis.kill();
        int down = traffic.published();
        await().until(() -> traffic.published() > down + 300);
        this.redis.restart();

        int up = traffic.published();
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            for (RoutingKey key : List.of(ROOM, APPROVALS, NOTICES)) {
                assertThat(this.two.data(key)).anyMatch(data -> Integer.parseInt(data.substring(1)) > up);
            }
        });
        traffic.end();
        for (RedisNode node : List.of(this.one, this.two)) {
            await().untilAsserted(() -> {
                assertThat(node.data(ROOM)).containsAll(traffic.accepted("r"));
                assertThat(node.data(APPROVALS)).containsAll(traffic.accepted("c"));
            });
            // What was recorded without an answer is there, too, in its place.
            assertThat(node.data(ROOM))
                    .containsSubsequence(traffic.accepted("r"))
                    .doesNotHaveDuplicates();
            assertThat(node.data(APPROVALS))
                    .containsSubsequence(traffic.accepted("c"))
                    .doesNotHaveDuplicates();
            assertThat(node.counts.reconnects()).isPositive();
        }
        assertThat(this.one.data(ROOM)).isEqualTo(this.two.data(ROOM));
        assertThat(this.one.data(APPROVALS)).isEqualTo(this.two.data(APPROVALS));
        if (RedisNode.get(last).outcome() == BackplaneOutcome.RECORDED) {
            await().untilAsserted(() -> assertThat(this.two.data(QUIET)).containsExactly("last"));
        }
        assertThat(traffic.outcomes()).contains(BackplaneOutcome.REJECTED);
        await().untilAsserted(() -> assertThat(this.two.counts.lost())
                .isEqualTo(traffic.published() - this.two.data(NOTICES).size()));
        assertThat(this.two.counts.lost()).isPositive();
        assertThat(this.two.counts.unknownLosses()).isZero();
    }

    @Test
    void theLastLineOfAQuietRoomIsFoundWithoutANextMessage() {
        start();
        RawRedis operator = open(new RawRedis(this.redis));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String line = "line " + i;
            lines.add(line);
            operator.commands().clientKill(KillArgs.Builder.typePubsub());
            assertThat(RedisNode.get(this.one.publish(QUIET, Delivery.RECOVERABLE, line))
                            .outcome())
                    .isEqualTo(BackplaneOutcome.RECORDED);
            for (RedisNode node : List.of(this.one, this.two)) {
                await().pollInterval(Duration.ofMillis(2))
                        .untilAsserted(() -> assertThat(node.data(QUIET)).isEqualTo(lines));
            }
        }
        assertThat(this.two.counts.reconnects()).isEqualTo(20);
        assertThat(this.two.counts.lost() + this.two.counts.unknownLosses()).isZero();
    }

    @Test
    void withoutAServerPublishesAreRejectedAtOnceAndNothingIsKeptForLater() {
        start();
        this.redis.kill();
        await().until(() -> !this.one.backplane.status().writable() || this.one.broker.unanswered() == 0);

        await().atMost(Duration.ofSeconds(1))
                .until(() -> RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "never"))
                                .outcome()
                        == BackplaneOutcome.REJECTED);
        for (int i = 0; i < 100; i++) {
            CompletionStage<Published> published = this.one.publish(ROOM, Delivery.STANDARD, "never");
            assertThat(published.toCompletableFuture()).isDone();
            assertThat(RedisNode.get(published).outcome()).isEqualTo(BackplaneOutcome.REJECTED);
        }
        assertThat(this.one.broker.unanswered()).isZero();
        assertThat(this.one.backplane.status().writable()).isFalse();

        this.redis.restart();
        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        // At most once: the first ones may be answered by nobody in time.
        await().untilAsserted(() -> {
            RedisNode.get(this.one.publish(NOTICES, Delivery.STANDARD, "later"));
            assertThat(this.two.data(NOTICES)).containsOnly("later").isNotEmpty();
        });
        assertThat(this.two.data(ROOM)).isEmpty();
    }

    @Test
    void frozenItIsAnsweredForWithinTheTimeoutAndTheStatusTurns() {
        start();
        assertThat(RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "before"))
                        .outcome())
                .isEqualTo(BackplaneOutcome.RECORDED);
        Event event = Event.of(ROOM, "test.event", Payload.ofJson("meanwhile"), DeliveryClass.RECOVERABLE);

        this.redis.freeze();
        long frozen = System.nanoTime();
        Published unknown = RedisNode.get(this.one.publish(event));
        assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(RedisNode.PUBLISH_TIMEOUT.plusMillis(500));
        assertThat(unknown.outcome()).isEqualTo(BackplaneOutcome.UNKNOWN);
        for (RedisNode node : List.of(this.one, this.two)) {
            await().pollInterval(Duration.ofMillis(10))
                    .until(() -> !node.backplane.status().readable()
                            && !node.backplane.status().writable());
        }
        // One beacon's interval after three without one; a quarter of a second for the machine.
        assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(Duration.ofMillis(4250));

        this.redis.thaw();
        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        Published repeated = RedisNode.get(this.one.publish(event));
        assertThat(repeated.outcome()).isEqualTo(BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("before", "meanwhile"));
        assertThat(this.one.data(ROOM)).containsExactly("before", "meanwhile");
    }

    @Test
    void emptiedItHasStreamsOfOtherEpochsAndTheLossIsTold() {
        start();
        RawRedis operator = open(new RawRedis(this.redis));
        Cursor before =
                RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "1")).cursor();
        await().until(() -> this.two.data(ROOM).size() == 1);

        operator.commands().flushall();
        Cursor after =
                RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "2")).cursor();

        assertThat(after.epoch()).isNotEqualTo(before.epoch());
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("1", "2"));
        assertThat(this.two.counts.unknownLosses()).isEqualTo(1);
        assertThat(RedisNode.get(this.two.backplane.history().since(ROOM, before, 10))
                        .available())
                .isFalse();
    }

    /** The append-only file of some seconds ago comes back: as a server that did not write it to the disk in time. */
    @Test
    void withoutItsLastEventsAStreamGoesOnUnderAnotherEpoch(@TempDir Path copy) throws Exception {
        start(DURABLE);
        for (String line : List.of("1", "2", "3")) {
            RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, line));
        }
        copy(this.redis.directory(), copy);
        RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "4"));
        Cursor fifth =
                RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "5")).cursor();
        await().until(() -> this.two.data(ROOM).size() == 5);

        this.redis.kill();
        copy(copy, this.redis.directory());
        this.redis.restart();
        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        Cursor next = await().until(
                        () -> RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "6"))
                                .cursor(),
                        cursor -> cursor != null);

        assertThat(next.epoch()).isNotEqualTo(fifth.epoch());
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).endsWith("6"));
        assertThat(this.two.data(ROOM)).startsWith("1", "2", "3", "4", "5").doesNotHaveDuplicates();
        assertThat(this.two.counts.unknownLosses()).isPositive();
        assertThat(RedisNode.get(this.two.backplane.history().since(ROOM, fifth, 10))
                        .available())
                .isFalse();
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(file, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    @Test
    void withoutItsScriptsItGetsThemAgain() {
        start();
        RawRedis operator = open(new RawRedis(this.redis));
        operator.commands().scriptFlush();

        await().until(() -> RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "again"))
                        .outcome()
                == BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("again"));
    }

    /** As behind a firewall that forgot it: nobody writes on the connection for channels, so no write fails. */
    @Test
    void aConnectionForChannelsThatOnlyLooksOpenIsOpenedAgain() throws Exception {
        this.redis = open(RedisServer.start());
        TcpProxy proxy = open(new TcpProxy(this.redis));
        this.one = open(RedisNode.start(this.redis, "faults"));
        this.two = open(RedisNode.start(
                new LettuceConnectionFactory(
                        new RedisStandaloneConfiguration("127.0.0.1", proxy.port()), RedisNode.client()),
                "faults",
                null));
        this.two.join(ROOM);

        proxy.mute("SUBSCRIBE");
        RedisNode.get(this.one.publish(ROOM, Delivery.RECOVERABLE, "missed"));

        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("missed"));
        // A beacon on the new connection may have told of the event first.
        await().untilAsserted(() -> assertThat(this.two.counts.reconnects()).isEqualTo(1));
        RedisNode.get(this.one.publish(ROOM, Delivery.STANDARD, "heard"));
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("missed", "heard"));
    }
}
