package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.redis.RedisPlaceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.test.backplane.PlaceStoreContract;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Two nodes on a Redis server, each with connections of its own. */
class RedisPlaceStoreTests extends PlaceStoreContract {

    /** As short as may be: the clock is the server's. */
    private static final Duration LEASE = Duration.ofMillis(400);

    private static RedisServer redis;
    private static final RedisServers[] servers = new RedisServers[2];
    private static final PlaceStore[] stores = new PlaceStore[2];

    @BeforeAll
    static void connect() throws Exception {
        redis = RedisServer.shared();
        for (int i = 0; i < 2; i++) {
            servers[i] = new RedisServers(RedisNode.factory(redis), RedisNode.PUBLISH_TIMEOUT);
            stores[i] = new RedisPlaceStore(servers[i], "places", new LocalShardRouter("node" + i, 16), LEASE);
            servers[i].start();
            PlaceStore store = stores[i];
            await().ignoreExceptions().until(() -> {
                store.giveBack(RoutingKey.user("nobody"), ConnectionId.random())
                        .toCompletableFuture()
                        .join();
                return true;
            });
        }
    }

    @AfterAll
    static void disconnect() {
        for (RedisServers one : servers) {
            one.close();
        }
        redis.close();
    }

    @Override
    protected PlaceStore store(int node) {
        return stores[node];
    }

    @Override
    protected void passLease() throws InterruptedException {
        Thread.sleep(LEASE.toMillis() + 1);
    }

    @Override
    protected void passMostOfLease() throws InterruptedException {
        Thread.sleep(LEASE.toMillis() / 2);
    }

    @Override
    protected void forget() {
        try (RawRedis raw = new RawRedis(redis)) {
            List<byte[]> names = raw.commands().keys("places:*");
            if (!names.isEmpty()) {
                raw.commands().del(names.toArray(byte[][]::new));
            }
        }
    }
}
