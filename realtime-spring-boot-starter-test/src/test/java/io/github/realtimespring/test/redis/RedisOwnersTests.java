package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.redis.RedisNodeStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Owners of buckets on a Redis that freezes, is killed, and forgets; leases are short, and time is what it is. */
class RedisOwnersTests {

    private static final ShardSettings SETTINGS =
            new ShardSettings(32, Duration.ofMillis(1500), Duration.ofMillis(300));
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final RedisServer server = RedisServer.start();
    private final String application = "owners-" + EventId.next(System.currentTimeMillis());
    private final List<Node> nodes = new ArrayList<>();

    private final class Node implements AutoCloseable {

        private final RedisServers servers =
                new RedisServers(RedisNode.factory(RedisOwnersTests.this.server), Duration.ofMillis(500));
        private final LeasedShardRouter router;

        Node(String name) {
            this.router = new LeasedShardRouter(
                    "origin-" + name,
                    new RedisNodeStore(this.servers, RedisOwnersTests.this.application),
                    SETTINGS,
                    Ticker.SYSTEM);
            this.servers.start();
            this.router.start();
            RedisOwnersTests.this.nodes.add(this);
        }

        @Override
        public void close() {
            this.router.close();
            this.servers.close();
        }
    }

    @AfterEach
    void close() {
        this.nodes.forEach(Node::close);
        this.server.close();
    }

    private void awaitOwners() {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            checkOwners();
            return this.nodes.stream().allMatch(node -> node.router.owned() > 0)
                    && this.nodes.stream().mapToInt(node -> node.router.owned()).sum() == 32;
        });
    }

    private void checkOwners() {
        for (int bucket = 0; bucket < 32; bucket++) {
            int each = bucket;
            assertThat(this.nodes.stream()
                            .map(node -> node.router.ownership(each))
                            .filter(Ownership::mine)
                            .count())
                    .as("owners of bucket %d", bucket)
                    .isLessThanOrEqualTo(1);
        }
    }

    @Test
    void whileTheServerStandsStillForLongerThanALeaseNobodyOwnsAnything() {
        new Node("a");
        new Node("b");
        awaitOwners();
        this.server.freeze();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            checkOwners();
            return this.nodes.stream().allMatch(node -> node.router.owned() == 0);
        });
        this.server.thaw();
        awaitOwners();
    }

    @Test
    void aServerThatKeptNothingGoesOnAboveWhatItHadGivenOut() {
        Node a = new Node("a");
        new Node("b");
        awaitOwners();
        long highest = highest(a);
        this.server.kill();
        this.server.restart();
        awaitOwners();
        await().atMost(PATIENCE).until(() -> highest(a) > highest);
        new Node("c");
        awaitOwners();
    }

    private static long highest(Node node) {
        long highest = 0;
        for (int bucket = 0; bucket < 32; bucket++) {
            highest = Math.max(highest, node.router.ownership(bucket).token());
        }
        return highest;
    }
}
