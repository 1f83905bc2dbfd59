package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.redis.RedisIdempotencyStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.test.history.IdempotencyStoreContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The contract on a real server, and what it keeps there. */
class RedisIdempotencyStoreTests extends IdempotencyStoreContract {

    private static RedisServer redis;
    private static RawRedis operator;

    private final String application = "once-" + EventId.next(System.currentTimeMillis());
    private final List<RedisServers> open = new ArrayList<>();

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.shared();
        operator = new RawRedis(redis);
    }

    @AfterAll
    static void stopRedis() {
        operator.close();
        redis.close();
    }

    @AfterEach
    void closeAll() {
        this.open.forEach(RedisServers::close);
    }

    private static IdempotencyStore.Scope scope(String key) {
        return new IdempotencyStore.Scope("user:alice", RoutingKey.room("a").withTenant("acme"), "event", key);
    }

    @Override
    protected IdempotencyStore node() {
        RedisServers servers = new RedisServers(RedisNode.factory(redis), Duration.ofSeconds(2));
        this.open.add(servers);
        IdempotencyStore store = new RedisIdempotencyStore(servers, this.application, WINDOW, LEASE);
        servers.start();
        await().until(() -> store.answer(scope("first"), "e", new byte[1])
                .handle((done, failure) -> failure == null)
                .toCompletableFuture()
                .join());
        return store;
    }

    @Test
    void aScopeIsOneNameWithApplicationAndTenantInFrontAndItEndsByItself() {
        IdempotencyStore store = node();
        RedisNode.get(store.claim(scope("k1"), "h", "e"));

        List<String> names = operator.names(this.application + ":*");
        assertThat(names).hasSize(2).allSatisfy(name -> {
            assertThat(name).matches(this.application + ":acme:\\{once:[A-Za-z0-9_-]{43}\\}");
            assertThat(operator.commands().pttl(RawRedis.bytes(name))).isBetween(1L, WINDOW.toMillis());
        });
        await().until(() -> operator.names(this.application + ":*").isEmpty());
    }

    @Test
    void withoutAServerItIsSaidAtOnce() {
        IdempotencyStore store = node();
        this.open.forEach(RedisServers::close);

        assertThat(store.claim(scope("k1"), "h", "e"))
                .failsWithin(Duration.ofMillis(500))
                .withThrowableThat()
                .withCauseInstanceOf(NotSentException.class);
    }
}
