package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** A replica takes over, without the last events that were acknowledged. */
class RedisSentinelTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    @Test
    void whatAFailoverLosesIsToldByAnotherEpochAndNoResumeLies() {
        try (RedisServer master = RedisServer.start("--repl-diskless-sync-delay", "0");
                RedisServer replica = RedisServer.start("--replicaof", master.host() + " " + master.port());
                RedisServer sentinel = RedisServer.sentinel(master);
                RawRedis onReplica = new RawRedis(replica);
                RawRedis onSentinel = new RawRedis(sentinel)) {
            await().until(() -> onReplica.commands().info("replication").contains("master_link_status:up"));
            await().until(() -> onSentinel.commands().info("sentinel").contains("slaves=1"));
            try (RedisNode one = RedisNode.start(factory(sentinel), "sentinel", null);
                    RedisNode two = RedisNode.start(factory(sentinel), "sentinel", null)) {
                one.join(ROOM);
                two.join(ROOM);
                Cursor third = null;
                for (String line : List.of("1", "2", "3")) {
                    third = RedisNode.get(one.publish(ROOM, Delivery.CRITICAL, line))
                            .cursor();
                }
                long replicated = third.offset();
                await().until(() ->
                        onReplica.commands().xlen(RawRedis.bytes("sentinel::{room:project:42}:events")) == replicated);

                replica.freeze();
                RedisNode.get(one.publish(ROOM, Delivery.CRITICAL, "4"));
                Cursor fifth =
                        RedisNode.get(one.publish(ROOM, Delivery.CRITICAL, "5")).cursor();
                await().until(() -> two.data(ROOM).size() == 5);
                master.kill();
                replica.thaw();

                await().atMost(Duration.ofSeconds(20))
                        .until(() -> RedisNode.get(one.publish(ROOM, Delivery.CRITICAL, "6"))
                                        .outcome()
                                == BackplaneOutcome.RECORDED);
                await().until(() -> two.counts.reconnects() > 0);
                Cursor next =
                        RedisNode.get(one.publish(ROOM, Delivery.CRITICAL, "7")).cursor();
                assertThat(next.epoch()).isNotEqualTo(fifth.epoch());
                await().untilAsserted(() -> assertThat(two.data(ROOM)).endsWith("7"));
                assertThat(two.data(ROOM)).startsWith("1", "2", "3", "4", "5");
                assertThat(two.counts.unknownLosses()).isPositive();
                for (Cursor before : List.of(third, fifth)) {
                    assertThat(RedisNode.get(two.backplane.history().since(ROOM, before, 10))
                                    .available())
                            .isFalse();
                }
            }
        }
    }

    private static LettuceConnectionFactory factory(RedisServer sentinel) {
        return new LettuceConnectionFactory(
                new RedisSentinelConfiguration("main", Set.of(sentinel.host() + ":" + sentinel.port())),
                RedisNode.client());
    }
}
