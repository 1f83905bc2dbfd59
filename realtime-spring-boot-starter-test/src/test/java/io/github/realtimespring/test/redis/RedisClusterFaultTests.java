package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.redis.RedisSettings;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A cluster whose servers die, whose slots move and that grows: what listeners saw against what was accepted. */
class RedisClusterFaultTests {

    private static final RedisSettings SETTINGS = RedisNode.settings("faults").withSharded(true);
    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final String EVENTS = "faults::{room:project:42}:events";

    private final List<AutoCloseable> open = new ArrayList<>();
    private RedisCluster cluster;
    private RedisNode one;
    private RedisNode two;

    private void start(int masters, boolean replicated, RedisSettings settings, String... arguments) {
        this.cluster = open(RedisCluster.start(masters, replicated, arguments));
        this.one = open(RedisNode.start(this.cluster, settings));
        this.two = open(RedisNode.start(this.cluster, settings));
        this.one.join(ROOM);
        this.two.join(ROOM);
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

    private static Published publish(RedisNode node, RoutingKey key, Delivery delivery, String data) {
        return RedisNode.get(node.publish(key, delivery, data));
    }

    /** A room that another master than that of {@link #ROOM} keeps. */
    private RoutingKey elsewhere() {
        RedisCluster.Member master = this.cluster.master(EVENTS);
        return IntStream.range(0, 1000)
                .mapToObj(i -> RoutingKey.room("elsewhere:" + i))
                .filter(room -> this.cluster.master("{" + room + "}") != master)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whenAMasterIsLostItsReplicaTakesOverAndWhatItDidNotHaveIsTold() {
        start(3, true, SETTINGS);
        RoutingKey elsewhere = elsewhere();
        this.two.join(elsewhere);
        RedisCluster.Member master = this.cluster.master(EVENTS);
        RedisCluster.Member replica = this.cluster.replica(EVENTS);
        Cursor third = null;
        for (String line : List.of("1", "2", "3")) {
            third = publish(this.one, ROOM, Delivery.CRITICAL, line).cursor();
        }
        publish(this.one, elsewhere, Delivery.RECOVERABLE, "before");
        master.raw().commands().waitForReplication(1, 2000);

        replica.server().freeze();
        publish(this.one, ROOM, Delivery.CRITICAL, "4");
        Cursor fifth = publish(this.one, ROOM, Delivery.CRITICAL, "5").cursor();
        await().until(() -> this.two.data(ROOM).size() == 5);
        master.server().kill();
        replica.server().thaw();

        await().atMost(Duration.ofSeconds(10))
                .until(() -> publish(this.one, ROOM, Delivery.CRITICAL, "6").outcome() == BackplaneOutcome.RECORDED);
        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        await().until(() -> this.two.counts.unknownLosses() > 0);
        await().until(() -> publish(this.one, ROOM, Delivery.STANDARD, "7").outcome() == BackplaneOutcome.PUBLISHED);
        Cursor next = publish(this.one, ROOM, Delivery.CRITICAL, "8").cursor();
        assertThat(next.epoch()).isNotEqualTo(fifth.epoch());
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).endsWith("8"));
        assertThat(this.two.data(ROOM)).startsWith("1", "2", "3", "4", "5").contains("7");
        for (Cursor before : List.of(third, fifth)) {
            assertThat(RedisNode.get(this.two.backplane.history().since(ROOM, before, 10))
                            .available())
                    .isFalse();
        }
        publish(this.one, elsewhere, Delivery.RECOVERABLE, "after");
        await().untilAsserted(() -> assertThat(this.two.data(elsewhere)).containsExactly("before", "after"));
    }

    /**
     * It has connections and commands of the nodes, and believes to be the master when it goes on: a node that has not heard
     * of the new one yet gets what it does then.
     */
    @Test
    void aMasterThatStandsStillIsAnsweredForAndReplacedAndWhoHeardItIsTold() {
        start(3, true, SETTINGS);
        RedisCluster.Member master = this.cluster.master(EVENTS);
        Cursor before = publish(this.one, ROOM, Delivery.RECOVERABLE, "before").cursor();
        master.raw().commands().waitForReplication(1, 2000);

        master.server().freeze();
        long frozen = System.nanoTime();
        assertThat(publish(this.one, ROOM, Delivery.RECOVERABLE, "meanwhile").outcome())
                .isIn(BackplaneOutcome.UNKNOWN, BackplaneOutcome.REJECTED);
        assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(RedisNode.PUBLISH_TIMEOUT.plusMillis(500));
        // The master that stands still may take what nobody could answer when it goes on.
        AtomicInteger attempts = new AtomicInteger();
        Cursor after = await().atMost(Duration.ofSeconds(10))
                .until(
                        () -> publish(this.one, ROOM, Delivery.RECOVERABLE, "after " + attempts.incrementAndGet())
                                .cursor(),
                        cursor -> cursor != null);
        assertThat(after.epoch()).isNotEqualTo(before.epoch());
        master.server().thaw();
        RedisCluster.soon()
                .until(() -> master.raw().commands().info("replication").contains("role:slave"));
        for (RedisNode node : List.of(this.one, this.two)) {
            await().until(() -> node.counts.unknownLosses() > 0);
            node.awaitStatus(true);
        }
        publish(this.one, ROOM, Delivery.RECOVERABLE, "last");

        for (RedisNode node : List.of(this.one, this.two)) {
            await().untilAsserted(() -> assertThat(node.data(ROOM)).endsWith("last"));
            // What the new epoch had before the node found it is in the gap, or read.
            assertThat(node.data(ROOM)).startsWith("before").doesNotHaveDuplicates();
        }
        assertThat(RedisNode.get(this.two.backplane.history().since(ROOM, before, 10))
                        .available())
                .isFalse();
    }

    /** The others go on by themselves, but nobody could know what is missing. */
    @Test
    void aMasterThatIsLostWithoutAReplicaMakesTheBackplaneUnreadableUntilItIsBack() {
        start(
                3,
                false,
                SETTINGS,
                "--cluster-require-full-coverage",
                "no",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always");
        RoutingKey elsewhere = elsewhere();
        this.two.join(elsewhere);
        Cursor first = publish(this.one, ROOM, Delivery.RECOVERABLE, "1").cursor();
        RedisCluster.Member master = this.cluster.master(EVENTS);

        long killed = System.nanoTime();
        master.server().kill();
        this.one.awaitStatus(false);
        this.two.awaitStatus(false);

        // Three beacons of 200 ms and one interval; the rest is for the machine.
        assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
        assertThat(publish(this.one, ROOM, Delivery.RECOVERABLE, "never").outcome())
                .isEqualTo(BackplaneOutcome.REJECTED);
        master.server().restart();
        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        Cursor second = await().until(
                        () -> publish(this.one, ROOM, Delivery.RECOVERABLE, "2").cursor(), cursor -> cursor != null);
        assertThat(second).isEqualTo(new Cursor(first.epoch(), 2));
        publish(this.one, elsewhere, Delivery.STANDARD, "3");
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("1", "2"));
        await().untilAsserted(() -> assertThat(this.two.data(elsewhere)).containsExactly("3"));
        // Beacons are five a second: a slow machine may miss enough of them for a gap of unknown size.
        assertThat(this.two.counts.lost()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aSlotThatMovesUnderTrafficTakesItsChannelsAndItsStreamsAlong(SubscriptionMode mode) throws Exception {
        start(2, false, SETTINGS.withMode(mode));
        RedisCluster.Member from = mode == SubscriptionMode.LAZY
                ? this.cluster.master(EVENTS)
                : this.cluster.master(RedisModesTests.bucket("faults", ROOM));
        RedisCluster.Member to = this.cluster.masters().stream()
                .filter(member -> member != from)
                .findFirst()
                .orElseThrow();
        Map<String, Published> outcomes = new ConcurrentHashMap<>();
        Thread traffic = new Thread(() -> {
            for (int i = 0; !Thread.currentThread().isInterrupted(); i++) {
                String number = Integer.toString(i);
                this.one
                        .publish(ROOM, Delivery.RECOVERABLE, "r" + number)
                        .thenAccept(published -> outcomes.put("r" + number, published));
                this.one
                        .publish(ROOM, Delivery.STANDARD, "s" + number)
                        .thenAccept(published -> outcomes.put("s" + number, published));
                try {
                    TimeUnit.MILLISECONDS.sleep(1);
                } catch (InterruptedException ex) {
                    return;
                }
            }
        });
        traffic.start();
        await().until(() -> this.two.data(ROOM).size() > 100);

        this.cluster.migrate(mode == SubscriptionMode.LAZY ? EVENTS : RedisModesTests.bucket("faults", ROOM), from, to);
        int moved = outcomes.size();
        await().until(() -> outcomes.size() > moved + 400);
        traffic.interrupt();
        traffic.join();
        publish(this.one, ROOM, Delivery.RECOVERABLE, "last");
        String channel = mode == SubscriptionMode.LAZY
                ? "faults::{room:project:42}:live"
                : RedisModesTests.bucket("faults", ROOM);
        await().until(() -> RedisCluster.listeners(to, channel) == 2);
        publish(this.one, ROOM, Delivery.EPHEMERAL, "heard");

        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).contains("last", "heard"));
        List<String> recorded = outcomes.entrySet().stream()
                .filter(entry -> entry.getValue().outcome() == BackplaneOutcome.RECORDED)
                .sorted((a, b) -> Long.compare(
                        a.getValue().cursor().offset(), b.getValue().cursor().offset()))
                .map(Map.Entry::getKey)
                .toList();
        assertThat(this.two.data(ROOM).stream()
                        .filter(data -> data.startsWith("r"))
                        .toList())
                .isEqualTo(recorded);
        assertThat(outcomes.values().stream()
                        .filter(published -> published.cursor() != null)
                        .map(published -> published.cursor().epoch())
                        .distinct())
                .hasSize(1);
        long sent = outcomes.entrySet().stream()
                .filter(entry ->
                        entry.getKey().startsWith("s") && entry.getValue().outcome() != BackplaneOutcome.RECORDED)
                .count();
        await().untilAsserted(() -> assertThat(this.two.counts.lost()
                        + this.two.data(ROOM).stream()
                                .filter(data -> data.startsWith("s"))
                                .count())
                .isEqualTo(sent));
        assertThat(outcomes.values().stream().map(Published::outcome).distinct())
                .isSubsetOf(BackplaneOutcome.RECORDED, BackplaneOutcome.PUBLISHED, BackplaneOutcome.REJECTED);
        assertThat(this.one.backplane.status().writable()).isTrue();
    }

    /** Nobody publishes meanwhile, so nobody is told by a refusal: the server's word and the next look are all there is. */
    @Test
    void aQuietRoomIsHeardThroughTheMasterThatGotItsSlot() {
        start(2, false, SETTINGS);
        RedisCluster.Member added = this.cluster.join();
        RedisCluster.Member from = IntStream.range(0, 2)
                .mapToObj(i -> this.cluster.masters().get(i))
                .filter(member -> member.raw().commands().pubsubShardChannels().size() > 0)
                .findFirst()
                .orElseThrow();

        // To one that nobody had a connection to, and back to one that everybody has.
        this.cluster.migrate(EVENTS, from, added);
        hears(added, 3);
        this.cluster.migrate(EVENTS, added, from);
        hears(from, 2);

        this.one.awaitStatus(true);
        this.two.awaitStatus(true);
        // Beacons are five a second: a slow machine may miss enough of them for a gap of unknown size.
        assertThat(this.two.counts.lost()).isZero();
    }

    /** Events without a stream: what is in one would be found there. */
    private void hears(RedisCluster.Member master, int masters) {
        await().until(() -> RedisCluster.listeners(master, "faults::{room:project:42}:live") == 2
                && this.one.broker.masters() == masters
                && this.two.broker.masters() == masters);
        String data = "through " + master.id();
        assertThat(publish(this.one, ROOM, Delivery.STANDARD, data).outcome()).isEqualTo(BackplaneOutcome.PUBLISHED);
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).contains(data));
    }

    /** Each key of a slot that moves is somewhere, but scripts need all of a room's, and its channel. */
    @Test
    void whileASlotMovesItsRoomsAreRefusedAndOthersAreNot() {
        start(2, false, SETTINGS);
        publish(this.one, ROOM, Delivery.RECOVERABLE, "1");
        RoutingKey elsewhere = elsewhere();
        this.two.join(elsewhere);
        RedisCluster.Member from = this.cluster.master(EVENTS);
        RedisCluster.Member to = this.cluster.master("{" + elsewhere + "}");
        int slot = SlotHash.getSlot(EVENTS);

        this.cluster.beginMigration(slot, from, to);
        this.cluster.moveKeys(slot, from, to);

        assertThat(publish(this.one, ROOM, Delivery.RECOVERABLE, "never").outcome())
                .isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(this.one.backplane.status().writable()).isTrue();
        assertThat(publish(this.one, ROOM, Delivery.STANDARD, "sent").outcome()).isEqualTo(BackplaneOutcome.PUBLISHED);
        publish(this.one, elsewhere, Delivery.RECOVERABLE, "2");
        await().untilAsserted(() -> assertThat(this.two.data(elsewhere)).containsExactly("2"));
        this.cluster.endMigration(slot, from, to);
        await().until(() -> publish(this.one, ROOM, Delivery.RECOVERABLE, "3").outcome() == BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).containsExactly("1", "sent", "3"));
    }

    @Test
    void aCriticalEventThatItsReplicasDoNotHaveIsNotCalledRecorded() {
        start(1, true, SETTINGS.withCriticalReplicas(1));
        assertThat(publish(this.one, ROOM, Delivery.CRITICAL, "1").outcome()).isEqualTo(BackplaneOutcome.RECORDED);
        this.cluster.replica(EVENTS).server().freeze();

        long began = System.nanoTime();
        assertThat(publish(this.one, ROOM, Delivery.CRITICAL, "2").outcome()).isEqualTo(BackplaneOutcome.UNKNOWN);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(RedisNode.PUBLISH_TIMEOUT.plusMillis(500));
        assertThat(publish(this.one, ROOM, Delivery.RECOVERABLE, "3").outcome()).isEqualTo(BackplaneOutcome.RECORDED);

        this.cluster.replica(EVENTS).server().thaw();
        await().until(() -> publish(this.one, ROOM, Delivery.CRITICAL, "4").outcome() == BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.two.data(ROOM)).contains("1", "2", "3", "4"));
        assertThat(Set.copyOf(this.two.data(ROOM))).hasSameSizeAs(this.two.data(ROOM));
    }
}
