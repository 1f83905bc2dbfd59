package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.actuate.RealtimeDescriptors;
import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who is in a room of an application of three nodes, as each of them says. */
@RealtimeClusterTest(
        nodes = 3,
        classes = ClusterApplication.class,
        properties = {
            "realtime.backplane.beacon=100ms",
            "realtime.presence.debounce=50ms",
            "realtime.presence.grace=500ms",
            "realtime.presence.lease=2s",
            "realtime.store.lease=2s",
            "realtime.store.renewal=500ms",
            "management.endpoints.web.exposure.include=realtime"
        })
class PresenceIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final RealtimeCluster cluster;

    PresenceIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    @Test
    void everyNodeKnowsWhoIsInARoomAndSeesChanges() {
        RoutingKey room = RoutingKey.room("board:presence");
        List<RoomPresence> seen = new CopyOnWriteArrayList<>();
        try (PresenceService.Watch watch = presence(2).watch(room, seen::add)) {
            RealtimeTestClient alice = this.cluster.node(0).connectAs("alice");
            RealtimeTestClient bob = this.cluster.node(1).connectAs("bob");
            alice.join("board:presence").assertJoined();
            bob.join("board:presence").assertJoined();
            await().atMost(PATIENCE).untilAsserted(() -> {
                for (int node = 0; node < 3; node++) {
                    assertThat(get(node, room).members())
                            .extracting(Member::user)
                            .containsExactly("alice", "bob");
                }
                assertThat(seen.get(seen.size() - 1).count()).isEqualTo(2);
            });
            RealtimeTestClient second = this.cluster.node(2).connectAs("alice");
            second.join("board:presence").assertJoined();
            alice.disconnect();
            bob.disconnect();
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(seen.get(seen.size() - 1).members())
                            .extracting(Member::user)
                            .containsExactly("alice"));
            assertThat(seen.stream().dropWhile(one -> !names(one).contains("alice")))
                    .as("alice had a connection all the time")
                    .allSatisfy(one -> assertThat(names(one)).contains("alice"));
        }
    }

    @Test
    void operatorsSeeWhereAUserIs() {
        this.cluster.node(0).connectAs("carol");
        this.cluster.node(1).connectAs("carol");
        await().atMost(PATIENCE).untilAsserted(() -> {
            RealtimeDescriptors.User carol = (RealtimeDescriptors.User)
                    this.cluster.node(2).bean(RealtimeEndpoint.class).find("users", "carol", null);
            assertThat(carol).isNotNull();
            assertThat(carol.connections()).isEmpty();
            assertThat(carol.presence().state()).isEqualTo("online");
            assertThat(carol.presence().nodes()).hasSize(2);
        });
    }

    @Test
    void itIsCounted() {
        RealtimeTestClient dave = this.cluster.node(0).connectAs("dave");
        dave.join("board:counted").assertJoined();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(meters(0).get("realtime.presence.users").gauge().value()).isPositive();
            double transitions = 0;
            for (int node = 0; node < 3; node++) {
                transitions += meters(node)
                        .get("realtime.presence.transitions")
                        .tag("change", "joined")
                        .counter()
                        .count();
            }
            assertThat(transitions).isPositive();
        });
    }

    private static List<String> names(RoomPresence presence) {
        return presence.members().stream().map(Member::user).toList();
    }

    private MeterRegistry meters(int node) {
        return this.cluster.node(node).bean(MeterRegistry.class);
    }

    private PresenceService presence(int node) {
        return this.cluster.node(node).bean(PresenceService.class);
    }

    private RoomPresence get(int node, RoutingKey room) {
        return presence(node)
                .members(room)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }
}
