package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.redis.RedisPlaceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.test.backplane.PlaceStoreContract;
import io.lettuce.core.ScriptOutputType;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Two nodes on a Redis server, each with connections of its own. */
class RedisPlaceStoreTests extends PlaceStoreContract {

    static final Duration LEASE = Duration.ofSeconds(30);

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
    protected void passLease() {
        try (RawRedis raw = new RawRedis(redis)) {
            age(raw, "places", LEASE);
        }
    }

    @Override
    protected void passMostOfLease() {
        try (RawRedis raw = new RawRedis(redis)) {
            age(raw, "places", LEASE.dividedBy(2).plusSeconds(1));
        }
    }

    @Override
    protected void forget() {
        try (RawRedis raw = new RawRedis(redis)) {
            forget(raw, "places");
        }
    }

    /** The clock is the server's and cannot be turned: what it is compared with is. */
    static void age(RawRedis raw, String application, Duration time) {
        String script = """
                for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
                  for _, name in ipairs(redis.call('HKEYS', key)) do
                    local sequence, ends, rest = string.match(redis.call('HGET', key, name), '^(%d+) (%d+) (.*)$')
                    redis.call('HSET', key, name, sequence .. string.format(' %.0f ', ends - ARGV[2]) .. rest)
                  end
                  redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[2])
                end
                return 'OK'
                """;
        raw.commands()
                .eval(
                        script,
                        ScriptOutputType.STATUS,
                        new byte[0][],
                        RawRedis.bytes(application + ":*:places:*"),
                        RawRedis.bytes(Long.toString(time.toMillis())));
    }

    static void forget(RawRedis raw, String application) {
        for (byte[] name : raw.commands().keys(application + ":*")) {
            raw.commands().del(name);
        }
    }
}
