package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.test.backplane.PresenceStoreContract;
import java.time.Duration;
import java.util.HashMap;
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

    /** A file that is older than what was acknowledged, or a replica that was behind. */
    @Test
    void aStoreThatLostItsLastWritesIsToldAgainAndGivesNoVersionTwice() {
        String application = "older-" + EventId.next(System.currentTimeMillis());
        PresenceStore store = store(application);
        assertThat(reportFor(store, Duration.ofMillis(300), "al", PresenceState.ONLINE))
                .isFalse();
        PresenceStore.Derivation before = derive(store, Duration.ZERO);
        try (RawRedis operator = new RawRedis(server)) {
            Map<byte[], byte[]> saved = new HashMap<>();
            operator.commands()
                    .keys(application + ":*")
                    .forEach(name -> saved.put(name, operator.commands().dump(name)));
            reportFor(store, Duration.ofMillis(300), "al", PresenceState.OFFLINE);
            report(store, "bob", PresenceState.ONLINE);
            long known = derive(store, Duration.ZERO).changes().get(0).version();

            operator.commands().keys(application + ":*").forEach(operator.commands()::del);
            saved.forEach((name, value) -> operator.commands().restore(name, 0, value));
            PresenceStore.Derivation after = derive(store, Duration.ZERO);
            assertThat(after.born()).isGreaterThan(before.born());
            assertThat(reportFor(store, Duration.ofMinutes(1), "bob", PresenceState.ONLINE))
                    .as("an earlier lease, with what was said under it, is in force")
                    .isFalse();
            assertThat(reportFor(store, Duration.ofMinutes(1), "eve", PresenceState.ONLINE))
                    .isTrue();

            PresenceChange whole = derive(store, Duration.ZERO).changes().get(0);
            assertThat(whole.version()).isGreaterThan(known);
            assertThat(whole.previous()).isEqualTo(PresenceChange.NONE);
            await().pollInterval(Duration.ofMillis(10)).untilAsserted(() -> {
                derive(store, Duration.ZERO);
                assertThat(RedisNode.get(store.read(BUCKET, ROOM, 10)).members())
                        .extracting(Member::user)
                        .containsExactly("bob", "eve");
            });
            assertThat(RedisNode.get(store.read(BUCKET, ROOM, 10)).version()).isGreaterThanOrEqualTo(whole.version());
        }
    }

    /** A derivation that was on its way when the server froze is done when it goes on, before anybody can renew a lease. */
    @Test
    void noLeaseEndsByADerivationThatComesAfterTheServerStoodStill() {
        PresenceStore store = store("frozen-" + EventId.next(System.currentTimeMillis()));
        reportFor(store, Duration.ofSeconds(1), "al", PresenceState.ONLINE);
        assertThat(derive(store, Duration.ZERO).changes()).hasSize(1);
        long ended = System.nanoTime() + Duration.ofMillis(1010).toNanos();
        await().pollInterval(Duration.ofMillis(5)).until(() -> System.nanoTime() - ended > 0);

        assertThat(derive(store, Duration.ZERO).changes())
                .flatExtracting(PresenceChange::left)
                .isEmpty();
        assertThat(derive(store, Duration.ZERO).changes())
                .flatExtracting(PresenceChange::left)
                .containsExactly("al");
    }

    @Test
    void aNodeIsFoundByItsNameAlsoAfterItSaidEverythingAgain() {
        String application = "renamed-" + EventId.next(System.currentTimeMillis());
        PresenceStore store = store(application);
        RoutingKey user = RoutingKey.user("al");
        PresenceStore.Report here = new PresenceStore.Report(user, "al", PresenceState.ONLINE, null);
        RedisNode.get(store.report(BUCKET, "origin", Duration.ofMinutes(1), List.of(here)));
        try (RawRedis operator = new RawRedis(server)) {
            byte[] said = RawRedis.bytes(application + ":{bucket:" + BUCKET + "}:presence:said");
            assertThat(operator.commands().hset(said, RawRedis.bytes("origin"), RawRedis.bytes("1")))
                    .as("it is there already")
                    .isFalse();
            assertThat(RedisNode.get(store.report(BUCKET, "origin", Duration.ofMinutes(1), List.of(here))))
                    .isFalse();
            assertThat(operator.commands().hlen(said)).isEqualTo(2);
        }
        assertThat(RedisNode.get(store.find(BUCKET, user)).nodes()).containsExactly("origin");
    }

    private static boolean reportFor(PresenceStore store, Duration lease, String user, PresenceState state) {
        PresenceStore.Report report = new PresenceStore.Report(ROOM, user, state, null);
        return RedisNode.get(store.report(BUCKET, "origin", lease, List.of(report)));
    }

    private static void report(PresenceStore store, String user, PresenceState state) {
        reportFor(store, Duration.ofMinutes(1), user, state);
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
