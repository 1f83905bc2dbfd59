package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Buckets;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.redis.RedisSettings;
import io.github.realtimespring.test.backplane.BackplaneAdapterContract;
import io.lettuce.core.KillArgs;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** The contract on a cluster, and in every mode of subscription; and what a node has brought to it in each. */
class RedisModesTests {

    private static RedisServer redis;
    private static RedisCluster cluster;

    /** Connections to each master without any node. */
    private static List<Long> alone;

    private final List<RedisNode> nodes = new ArrayList<>();

    @BeforeAll
    static void start() {
        redis = RedisServer.shared();
        cluster = RedisCluster.start(3, false);
        alone = cluster.clients();
    }

    @AfterAll
    static void stop() {
        cluster.close();
        redis.close();
    }

    @AfterEach
    void closeAll() {
        this.nodes.forEach(RedisNode::close);
    }

    private abstract static class Contract extends BackplaneAdapterContract {

        private final RedisSettings settings;
        private final Supplier<LettuceConnectionFactory> factory;
        private final List<RedisNode> nodes = new ArrayList<>();

        Contract(SubscriptionMode mode, boolean sharded, Supplier<LettuceConnectionFactory> factory) {
            this.settings = RedisNode.settings("contract-" + EventId.next(System.currentTimeMillis()))
                    .withMode(mode)
                    .withSharded(sharded);
            this.factory = factory;
        }

        @Override
        protected Setup node() {
            RedisNode node = new RedisNode(this.factory.get(), this.settings, null, Duration.ofMillis(50));
            this.nodes.add(node);
            return new Setup(node.backplane, node.origin, node.backplane.history());
        }

        @AfterEach
        void closeAll() {
            this.nodes.forEach(RedisNode::close);
        }
    }

    @Nested
    class EagerOnOneServer extends Contract {
        EagerOnOneServer() {
            super(SubscriptionMode.EAGER, false, () -> RedisNode.factory(redis));
        }
    }

    @Nested
    class ShardedOnOneServer extends Contract {
        ShardedOnOneServer() {
            super(SubscriptionMode.SHARDED, false, () -> RedisNode.factory(redis));
        }
    }

    @Nested
    class LazyOnACluster extends Contract {
        LazyOnACluster() {
            super(SubscriptionMode.LAZY, true, cluster::factory);
        }
    }

    @Nested
    class EagerOnACluster extends Contract {
        EagerOnACluster() {
            super(SubscriptionMode.EAGER, true, cluster::factory);
        }
    }

    @Nested
    class ShardedOnACluster extends Contract {
        ShardedOnACluster() {
            super(SubscriptionMode.SHARDED, true, cluster::factory);
        }
    }

    /** As {@code realtime.backplane.redis.sharded-pubsub=off}. */
    @Nested
    class LazyOnAClusterThroughChannelsOfAllServers extends Contract {
        LazyOnAClusterThroughChannelsOfAllServers() {
            super(SubscriptionMode.LAZY, false, cluster::factory);
        }
    }

    private RedisNode node(String application, SubscriptionMode mode) {
        RedisNode node = RedisNode.start(
                cluster, RedisNode.settings(application).withMode(mode).withSharded(true));
        this.nodes.add(node);
        return node;
    }

    private static RoutingKey room(int number) {
        return RoutingKey.room("room:" + number);
    }

    /** What arrived besides beacons, whatever became of it. */
    private static long arrived(RedisNode node) {
        return Arrays.stream(Received.values()).mapToLong(node.counts::of).sum();
    }

    @ParameterizedTest
    @EnumSource
    void aNodeWithoutMembersHasBroughtToItWhatItsModeSays(SubscriptionMode mode) {
        String application = "brought-" + mode.wireName();
        RedisNode one = node(application, mode);
        RedisNode two = node(application, mode);
        two.join(room(0));
        RedisNode idle = node(application, mode);
        List<CompletableFuture<?>> published = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Delivery delivery = i % 2 == 0 ? Delivery.STANDARD : Delivery.RECOVERABLE;
            published.add(one.publish(room(i), delivery, Integer.toString(i)).toCompletableFuture());
        }
        published.forEach(CompletableFuture::join);
        one.publish(room(0), Delivery.RECOVERABLE, "last");

        await().untilAsserted(() -> assertThat(two.data(room(0))).contains("0", "last"));
        long twice = arrived(two);
        switch (mode) {
            case LAZY -> {
                assertThat(twice).isEqualTo(2);
                assertThat(arrived(idle)).isZero();
            }
            case SHARDED -> {
                assertThat(twice).isBetween(2L, 20L);
                assertThat(arrived(idle)).isZero();
            }
            case EAGER -> {
                await().untilAsserted(() -> assertThat(arrived(two)).isEqualTo(201));
                await().untilAsserted(() ->
                        assertThat(idle.counts.of(Received.NO_MEMBERS)).isEqualTo(201));
            }
        }
        assertThat(idle.listener.events()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void everyNodeHasTwoConnectionsToEachMasterWhateverTheNumberOfRooms(SubscriptionMode mode) {
        // Those of nodes of other tests end a moment after their nodes.
        await().untilAsserted(() -> assertThat(cluster.clients()).isEqualTo(alone));
        RedisNode one = node("connections", mode);
        CompletableFuture<?>[] joining = IntStream.range(0, 500)
                .mapToObj(i -> one.backplane.subscribe(room(i)).toCompletableFuture())
                .toArray(CompletableFuture[]::new);
        RedisNode.get(CompletableFuture.allOf(joining));

        assertThat(cluster.clients())
                .isEqualTo(alone.stream().map(clients -> clients + 2).toList());
    }

    @ParameterizedTest
    @EnumSource
    void connectionsThatAreLostAreOpenedAgainWithEverythingThatWasHeard(SubscriptionMode mode) {
        RedisNode one = node("lost-" + mode.wireName(), mode);
        RedisNode two = node("lost-" + mode.wireName(), mode);
        List<RoutingKey> rooms =
                IntStream.range(0, 30).mapToObj(RedisModesTests::room).toList();
        rooms.forEach(two::join);

        cluster.masters().forEach(master -> master.raw().commands().clientKill(KillArgs.Builder.typePubsub()));
        rooms.forEach(room -> RedisNode.get(one.publish(room, Delivery.RECOVERABLE, "recorded")));
        await().until(() -> two.counts.reconnects() >= 3);
        Names names = new Names("lost-" + mode.wireName(), mode);
        await().until(() -> rooms.stream().allMatch(room -> cluster.listeners(names.channel(room)) > 0));
        rooms.forEach(room -> one.publish(room, Delivery.STANDARD, "sent"));

        await().untilAsserted(() -> assertThat(rooms)
                .allSatisfy(room -> assertThat(two.data(room)).containsExactlyInAnyOrder("recorded", "sent")));
        // Beacons are five a second: a slow machine may miss enough of them for a gap of unknown size.
        assertThat(two.counts.lost()).isZero();
    }

    /** Others can write to the servers, too. */
    @ParameterizedTest
    @EnumSource
    void whatNoNodeWroteIsCountedByItsReasonAndReachesNobody(SubscriptionMode mode) {
        String application = "injected-" + mode.wireName();
        RoutingKey acme = room(1).withTenant("acme");
        RoutingKey evil = room(1).withTenant("evil");
        RedisNode one = node(application, mode);
        RedisNode two = node(application, mode);
        two.join(acme).join(evil);
        Names names = new Names(application, mode);
        List<byte[]> heard = cluster.listen(names.channel(acme));
        one.publish(acme, Delivery.STANDARD, "1");
        await().until(() -> heard.size() == 1 && two.data(acme).size() == 1);
        byte[] sent = heard.get(0);

        for (int i = 0; i < 10; i++) {
            cluster.publish(names.channel(acme), Arrays.copyOf(sent, sent.length - 1 - i));
            cluster.publish(names.channel(acme), new byte[] {'K', 0, 1, 'x'});
            // On a channel of its own, or with its own key in front.
            cluster.publish(
                    names.channel(evil), mode == SubscriptionMode.LAZY ? sent : names.addressed(evil, sent, acme));
            for (RedisCluster.Member master : cluster.masters()) {
                master.raw().publish(application + ":beacons:" + master.id(), new byte[i]);
            }
        }
        one.publish(acme, Delivery.RECOVERABLE, "2");

        await().untilAsserted(() -> assertThat(two.data(acme)).containsExactly("1", "2"));
        await().untilAsserted(
                        () -> assertThat(two.counts.of(Received.MALFORMED)).isEqualTo(50));
        assertThat(two.data(evil)).isEmpty();
        assertThat(two.counts.of(Received.FOREIGN)).isEqualTo(10);
        assertThat(two.counts.lost() + two.counts.unknownLosses()).isZero();
    }

    /** What an application's channels are called, and what goes through those of several keys. */
    private record Names(String application, SubscriptionMode mode) {

        String channel(RoutingKey key) {
            if (this.mode == SubscriptionMode.LAZY) {
                String tenant = key.tenant() == null ? "" : key.tenant();
                return this.application + ':' + tenant + ":{room:" + key.id() + "}:live";
            }
            return bucket(this.application, key);
        }

        /** The same envelope as if it was for another key. */
        byte[] addressed(RoutingKey key, byte[] sent, RoutingKey before) {
            byte[] text = RawRedis.bytes(key.toString());
            int end = 3 + RawRedis.bytes(before.toString()).length;
            return ByteBuffer.allocate(3 + text.length + sent.length - end)
                    .put((byte) 'K')
                    .putShort((short) text.length)
                    .put(text)
                    .put(sent, end, sent.length - end)
                    .array();
        }
    }

    static String bucket(String application, RoutingKey key) {
        int bucket = new Buckets(
                        256,
                        none -> CompletableFuture.completedFuture(null),
                        none -> CompletableFuture.completedFuture(null))
                .of(key);
        return application + ":{bucket:" + bucket + "}:live";
    }

    /** Both are in buckets, and the buckets are the same. */
    @Test
    void eagerAndShardedNodesUnderstandEachOther() {
        RedisNode eager = node("mixed", SubscriptionMode.EAGER);
        RedisNode sharded = node("mixed", SubscriptionMode.SHARDED);
        eager.join(room(1));
        sharded.join(room(1));
        RedisNode.get(eager.publish(room(1), Delivery.RECOVERABLE, "1"));
        RedisNode.get(sharded.publish(room(1), Delivery.RECOVERABLE, "2"));

        await().untilAsserted(() -> assertThat(eager.data(room(1))).containsExactly("1", "2"));
        await().untilAsserted(() -> assertThat(sharded.data(room(1))).containsExactly("1", "2"));
    }
}
