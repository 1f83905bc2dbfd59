package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.test.backplane.PresenceStoreContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class RedisPresenceStoreTests extends PresenceStoreContract {

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
    protected PresenceStore store() {
        RedisPresenceStore store =
                new RedisPresenceStore(servers, "contract-" + EventId.next(System.currentTimeMillis()));
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> !store.read(0, RoutingKey.room("any"), 1)
                        .toCompletableFuture()
                        .handle((done, failure) -> failure != null)
                        .join());
        return store;
    }
}
