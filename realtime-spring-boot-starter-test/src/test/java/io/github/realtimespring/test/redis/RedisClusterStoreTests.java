package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisNodeStore;
import io.github.realtimespring.redis.RedisPlaceStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.test.backplane.NodeStoreContract;
import io.github.realtimespring.test.backplane.PlaceStoreContract;
import io.github.realtimespring.test.backplane.PresenceStoreContract;
import io.github.realtimespring.test.presence.PresenceNodes;
import io.github.realtimespring.test.presence.PresenceNodes.Client;
import io.github.realtimespring.test.presence.PresenceNodes.Node;
import io.github.realtimespring.test.presence.PresenceNodes.Watcher;
import io.lettuce.core.KillArgs;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestClassOrder;

/** Presence, places and leases of nodes on a cluster: one for all of them, which loses a master at the end. */
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
class RedisClusterStoreTests {

    private static RedisCluster cluster;
    private static RedisServers servers;
    private static RedisServers others;

    @BeforeAll
    static void start() {
        cluster = RedisCluster.start(3, true);
        servers = connect();
        others = connect();
    }

    private static RedisServers connect() {
        RedisServers servers = new RedisServers(cluster.factory(), RedisNode.PUBLISH_TIMEOUT);
        servers.start();
        NodeStore store = new RedisNodeStore(servers, "connected");
        PresenceStore everywhere = new RedisPresenceStore(servers, "connected");
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .ignoreExceptions()
                .until(() -> {
                    store.leave("nobody").toCompletableFuture().join();
                    for (int bucket = 0; bucket < 16; bucket++) {
                        everywhere
                                .read(bucket, RoutingKey.room("any"), 1)
                                .toCompletableFuture()
                                .join();
                    }
                    return true;
                });
        return servers;
    }

    @AfterAll
    static void stop() {
        servers.close();
        others.close();
        cluster.close();
    }

    private static String fresh() {
        return "contract-" + EventId.next(System.currentTimeMillis());
    }

    @Nested
    @Order(1)
    class Presence extends PresenceStoreContract {

        @Override
        protected PresenceStore store() {
            return new RedisPresenceStore(servers, fresh());
        }
    }

    @Nested
    @Order(2)
    class Nodes extends NodeStoreContract {

        @Override
        protected NodeStore store() {
            return new RedisNodeStore(servers, fresh());
        }
    }

    @Nested
    @Order(3)
    class Places extends PlaceStoreContract {

        private final PlaceStore here = places(servers, "here");
        private final PlaceStore there = places(others, "there");

        private static PlaceStore places(RedisServers servers, String node) {
            return new RedisPlaceStore(servers, "places", new LocalShardRouter(node, 16), RedisPlaceStoreTests.LEASE);
        }

        @Override
        protected PlaceStore store(int node) {
            return node == 0 ? this.here : this.there;
        }

        @Override
        protected void passLease() {
            masters().forEach(master -> RedisPlaceStoreTests.age(master, "places", RedisPlaceStoreTests.LEASE));
        }

        @Override
        protected void passMostOfLease() {
            Duration most = RedisPlaceStoreTests.LEASE.dividedBy(2).plusSeconds(1);
            masters().forEach(master -> RedisPlaceStoreTests.age(master, "places", most));
        }

        @Override
        protected void forget() {
            masters().forEach(master -> RedisPlaceStoreTests.forget(master, "places"));
        }

        private static List<RawRedis> masters() {
            return cluster.masters().stream().map(RedisCluster.Member::raw).toList();
        }
    }

    @Nested
    @Order(4)
    class LossOfAMaster {

        /** Its replica does not have what was said last: who came then stays, and who went then is gone. */
        @Test
        void presenceConvergesWithinTwoLeasesAndNobodyFlickers() {
            var redis = new RedisPresenceTests.OnRedis(cluster::factory, true);
            try (PresenceNodes nodes = new PresenceNodes(redis, RedisPresenceTests.TIMES, "a", "b", "c")) {
                nodes.passUntil(RedisPresenceTests.PATIENCE, nodes::areUp);
                Node owner = nodes.owner();
                Node other = nodes.other(owner);
                Watcher watcher = owner.watcher();
                owner.join("both");
                other.join("both");
                other.join("of-other");
                Client leaver = other.join("leaver");
                until(nodes, watcher, "both", "leaver", "of-other");
                nodes.alwaysThere("both");
                nodes.alwaysThere("of-other");

                String slot = "{bucket:"
                        + new LocalShardRouter(
                                        "any", RedisPresenceTests.TIMES.shards().buckets())
                                .bucket(PresenceNodes.ROOM)
                        + "}";
                RedisCluster.Member master = cluster.master(slot);
                RedisCluster.Member replica = cluster.replica(slot);
                master.raw().commands().waitForReplication(1, 2000);
                replica.server().freeze();
                // What is sent to it is in its socket already; of what follows it gets nothing.
                assertThat(master.raw().commands().clientKill(KillArgs.Builder.typeSlave()))
                        .isEqualTo(1);
                leaver.leave();
                other.join("late");
                until(nodes, watcher, "both", "late", "of-other");
                nodes.alwaysThere("late");
                master.server().kill();
                replica.server().thaw();
                nodes.passUntil(
                        RedisPresenceTests.PATIENCE,
                        () -> replica.raw().commands().info("replication").contains("role:master"));
                nodes.passUntil(RedisPresenceTests.PATIENCE, () -> nodes.areUp());

                long began = System.nanoTime();
                other.join("new");
                Watcher second = other.watcher();
                nodes.passUntil(
                        RedisPresenceTests.PATIENCE,
                        () -> watcher.members().equals(Set.of("both", "late", "new", "of-other"))
                                && second.members().equals(watcher.members()));
                assertThat(Duration.ofNanos(System.nanoTime() - began))
                        .isLessThan(RedisPresenceTests.LEASE.multipliedBy(2).plusSeconds(1));
                nodes.pass(RedisPresenceTests.LEASE);
                assertThat(watcher.members()).containsExactlyInAnyOrder("both", "late", "new", "of-other");
            }
        }

        private static void until(PresenceNodes nodes, Watcher watcher, String... users) {
            nodes.passUntil(RedisPresenceTests.PATIENCE, () -> watcher.members().equals(Set.of(users)));
        }
    }
}
