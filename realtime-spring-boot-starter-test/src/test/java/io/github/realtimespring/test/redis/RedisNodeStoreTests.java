package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.redis.RedisNodeStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.test.backplane.NodeStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisNodeStoreTests extends NodeStoreContract {

    private static RedisServer server;
    private static RedisServers servers;

    @BeforeAll
    static void start() {
        server = RedisServer.shared();
        servers = new RedisServers(RedisNode.factory(server), RedisNode.PUBLISH_TIMEOUT);
        servers.start();
    }

    @AfterAll
    static void stop() {
        servers.close();
        server.close();
    }

    @Override
    protected NodeStore store() {
        RedisNodeStore store = new RedisNodeStore(servers, "contract-" + EventId.next(System.currentTimeMillis()));
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> !store.leave("nobody")
                        .toCompletableFuture()
                        .handle((done, failure) -> failure != null)
                        .join());
        return store;
    }
}
