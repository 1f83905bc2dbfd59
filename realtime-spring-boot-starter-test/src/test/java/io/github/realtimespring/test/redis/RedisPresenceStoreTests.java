package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.test.backplane.PresenceStoreContract;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RedisPresenceStoreTests extends PresenceStoreContract {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final int BUCKET = 3;
    private static RedisServer server;
    private static RedisServers servers;

    @BeforeAll
    static void start() {
        server = RedisServer.shared();
        servers = new RedisServers(RedisNode.factory(server), RedisNode.PUBLISH_TIMEOUT);
        servers.start();
    }

    @Test
    void aRoomIsKeptFromTheMomentThatSomebodyIsAboutToBeInIt() {
        String application = "kept-" + EventId.next(System.currentTimeMillis());
        PresenceStore store = store(application);
        report(store, "al", PresenceState.ONLINE);
        derive(store, Duration.ZERO);
        report(store, "al", PresenceState.OFFLINE);
        await().pollDelay(Duration.ofMillis(400)).until(() -> true);
        report(store, "bob", PresenceState.ONLINE);
        assertThat(derive(store, Duration.ofMillis(300)).changes()).hasSize(1);
        derive(store, Duration.ZERO);
        assertThat(RedisNode.get(store.read(BUCKET, ROOM, 10)).members())
                .extracting(Member::user)
                .containsExactly("bob");
        assertThat(remaining(application)).as("no end").isEqualTo(-1);
    }

    @Test
    void aRoomInWhichSomebodyWasForAMomentOnlyIsForgottenAllTheSame() {
        String application = "forgotten-" + EventId.next(System.currentTimeMillis());
        PresenceStore store = store(application);
        report(store, "al", PresenceState.ONLINE);
        derive(store, Duration.ZERO);
        report(store, "al", PresenceState.OFFLINE);
        derive(store, Duration.ZERO);
        assertThat(remaining(application)).isPositive();
        report(store, "bob", PresenceState.ONLINE);
        assertThat(remaining(application)).isEqualTo(-1);
        report(store, "bob", PresenceState.OFFLINE);
        assertThat(derive(store, Duration.ZERO).suppressed()).isEqualTo(1);
        assertThat(remaining(application)).isPositive();
    }

    private static void report(PresenceStore store, String user, PresenceState state) {
        PresenceStore.Report report = new PresenceStore.Report(ROOM, user, state, null);
        RedisNode.get(store.report(BUCKET, "origin", Duration.ofMinutes(1), List.of(report)));
    }

    private static PresenceStore.Derivation derive(PresenceStore store, Duration debounce) {
        return RedisNode.get(store.derive(BUCKET, 1, new PresenceStore.Terms(debounce, true, 100, 100, Map.of())));
    }

    /** Milliseconds until the room is forgotten; -1 if it is not. */
    private static long remaining(String application) {
        try (RawRedis operator = new RawRedis(server)) {
            return operator.commands()
                    .pttl(RawRedis.bytes(application + ":{bucket:" + BUCKET + "}:presence:room:" + ROOM));
        }
    }

    @AfterAll
    static void stop() {
        servers.close();
        server.close();
    }

    @Override
    protected PresenceStore store() {
        return store("contract-" + EventId.next(System.currentTimeMillis()));
    }

    private static PresenceStore store(String application) {
        RedisPresenceStore store = new RedisPresenceStore(servers, application);
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> !store.read(0, RoutingKey.room("any"), 1)
                        .toCompletableFuture()
                        .handle((done, failure) -> failure != null)
                        .join());
        return store;
    }
}
