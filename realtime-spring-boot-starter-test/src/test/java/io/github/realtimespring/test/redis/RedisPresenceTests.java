package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.EventId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisNodeStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.redis.RedisSettings;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.shard.ShardSettings;
import io.github.realtimespring.test.presence.PresenceNodes;
import io.github.realtimespring.test.presence.PresenceNodes.Node;
import io.github.realtimespring.test.presence.PresenceNodes.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Presence of three nodes over a Redis server of their own, which is killed, frozen and emptied; real time, short leases. */
class RedisPresenceTests {

    static final Duration LEASE = Duration.ofSeconds(3);
    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final PresenceNodes.Times TIMES = new PresenceNodes.Times(
            LEASE,
            Duration.ofSeconds(1),
            Duration.ofMillis(100),
            Duration.ofMillis(40),
            new ShardSettings(16, LEASE, Duration.ofSeconds(1)));

    private final RedisServer redis = RedisServer.start();
    private final PresenceNodes nodes =
            new PresenceNodes(new OnRedis(() -> RedisNode.factory(this.redis), false), TIMES, "a", "b", "c");

    @AfterEach
    void stop() {
        this.nodes.close();
        this.redis.close();
    }

    @Test
    void nobodyVanishesWhateverHappensToNodesAndStore() {
        this.nodes.passUntil(PATIENCE, this.nodes::areUp);
        Node owner = this.nodes.owner();
        Node paused = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        owner.join("of-owner");
        paused.join("of-paused");
        paused.join("both");
        owner.join("both");
        this.nodes.passUntil(PATIENCE, () -> watcher.members().equals(Set.of("both", "of-owner", "of-paused")));
        this.nodes.alwaysThere("both");
        this.nodes.alwaysThere("of-owner");

        paused.pause();
        long began = System.nanoTime();
        this.nodes.passUntil(PATIENCE, () -> watcher.members().equals(Set.of("both", "of-owner")));
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(LEASE.dividedBy(2));
        paused.resume();
        this.nodes.passUntil(PATIENCE, () -> watcher.members().contains("of-paused"));
        this.nodes.alwaysThere("of-paused");

        this.redis.freeze();
        this.nodes.pass(LEASE.plus(LEASE));
        this.redis.thaw();
        this.nodes.passUntil(PATIENCE, () -> this.nodes.hasOwner() && owner.isUp());
        owner.join("after-freeze");
        this.nodes.passUntil(PATIENCE, () -> watcher.members().contains("after-freeze"));
        this.nodes.pass(LEASE);

        this.redis.kill();
        this.nodes.pass(LEASE);
        this.redis.restart();
        this.nodes.passUntil(PATIENCE, () -> this.nodes.hasOwner() && owner.isUp());
        owner.join("after-loss");
        this.nodes.passUntil(
                PATIENCE,
                () -> watcher.members().equals(Set.of("both", "of-owner", "of-paused", "after-freeze", "after-loss")));
        this.nodes.pass(LEASE);
    }

    @Test
    void aKilledOwnersUsersGoWithinTwoLeasesAndTheOthersStay() {
        this.nodes.passUntil(PATIENCE, this.nodes::areUp);
        Node killed = this.nodes.owner();
        Node other = this.nodes.other(killed);
        Watcher watcher = other.watcher();
        killed.join("gone");
        killed.join("both");
        other.join("both");
        this.nodes.passUntil(PATIENCE, () -> watcher.members().equals(Set.of("both", "gone")));
        this.nodes.alwaysThere("both");
        killed.kill();
        this.nodes.passUntil(PATIENCE, () -> watcher.members().equals(Set.of("both")));
        other.join("new");
        this.nodes.passUntil(PATIENCE, () -> watcher.members().equals(Set.of("both", "new")));
    }

    /** Each node has its own connections. */
    static final class OnRedis implements PresenceNodes.World {

        final String application = "presence-" + EventId.next(System.currentTimeMillis());
        private final Supplier<LettuceConnectionFactory> factories;
        private final boolean sharded;
        private final Map<String, RedisServers> servers = new HashMap<>();
        private final List<AutoCloseable> open = new ArrayList<>();

        OnRedis(Supplier<LettuceConnectionFactory> factories, boolean sharded) {
            this.factories = factories;
            this.sharded = sharded;
        }

        private RedisServers servers(String node) {
            return this.servers.computeIfAbsent(node, name -> {
                RedisServers servers = new RedisServers(this.factories.get(), Duration.ofMillis(500));
                servers.start();
                this.open.add(servers);
                return servers;
            });
        }

        @Override
        public Ticker ticker() {
            return Ticker.SYSTEM;
        }

        @Override
        public Broker broker(String node) {
            return new RedisBroker(
                    this.factories.get(),
                    RedisSettings.of(this.application, Duration.ofMillis(500), 1000, Duration.ofMinutes(5))
                            .withSharded(this.sharded));
        }

        @Override
        public NodeStore nodeStore(String node) {
            return new RedisNodeStore(servers(node), this.application);
        }

        @Override
        public PresenceStore presenceStore(String node) {
            return new RedisPresenceStore(servers(node), this.application);
        }

        @Override
        public void deliver() {}

        @Override
        public void passStep() {
            try {
                Thread.sleep(TIMES.step().toMillis());
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(ex);
            }
        }

        @Override
        public void close() {
            for (AutoCloseable resource : this.open) {
                try {
                    resource.close();
                } catch (Exception ex) {
                    throw new IllegalStateException(ex);
                }
            }
        }
    }
}
