package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.actuate.RealtimeDescriptors;
import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.cluster.BoardRoom.Card;
import io.github.realtimespring.test.cluster.BoardRoom.Notice;
import io.github.realtimespring.test.cluster.BoardRoom.Pointed;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.contributor.Status;

/** Two nodes of the application, each with its server, on a backplane whose faults the test chooses. */
@RealtimeClusterTest(
        classes = ClusterApplication.class,
        properties = {
            "realtime.backplane.beacon=100ms",
            "realtime.test.timeout=20s",
            "management.endpoints.web.exposure.include=realtime,health",
            "management.endpoint.health.probes.enabled=true"
        })
class TwoNodesIntegrationTests {

    private static final String ROOM = "board:1";

    private final RealtimeCluster cluster;

    TwoNodesIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    private RealtimeTestClient member(int node, String user, ClientTransport transport) {
        RealtimeTestClient client = this.cluster.node(node).connectAs(user, transport);
        client.join(ROOM).assertJoined();
        return client;
    }

    private RealtimeTestClient member(int node, String user) {
        return member(node, user, ClientTransport.WEBSOCKET);
    }

    private double count(int node, String name, String... tags) {
        return this.cluster
                .node(node)
                .bean(MeterRegistry.class)
                .get(name)
                .tags("adapter", "memory")
                .tags(tags)
                .counter()
                .count();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void anEventReachesMembersOfTheOtherNodeOnce(ClientTransport transport) {
        RealtimeTestClient alice = member(0, "alice");
        RealtimeTestClient bob = member(1, "bob", transport);

        alice.publish("card.add", new Card("one")).assertAcked();
        alice.publish("point", new Pointed("here")).assertAcked();

        for (RealtimeTestClient client : new RealtimeTestClient[] {alice, bob}) {
            client.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));
            client.expectEvent("pointed", Pointed.class).isEqualTo(new Pointed("here"));
            client.expectNoMoreEvents();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void whoComesBackToTheOtherNodeGetsWhatWasMissed(ClientTransport transport) {
        RealtimeTestClient alice = member(0, "alice");
        RealtimeTestClient bob = member(0, "bob");
        alice.publish("card.add", new Card("one")).assertAcked();
        bob.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));
        Cursor seen = Objects.requireNonNull(bob.cursor());
        bob.disconnect();
        alice.publish("card.add", new Card("two")).assertAcked();
        alice.publish("card.add", new Card("three")).assertAcked();

        RealtimeTestClient again = this.cluster.node(1).connectAs("bob", transport);
        again.resume(ROOM, seen).assertRecovered();

        again.expectEvent("card.added", Card.class).isEqualTo(new Card("two"));
        again.expectEvent("card.added", Card.class).isEqualTo(new Card("three"));
        alice.publish("card.add", new Card("four")).assertAcked();
        again.expectEvent("card.added", Card.class).isEqualTo(new Card("four"));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void whatIsSentToAUserReachesItWhereverItIsConnected(ClientTransport transport) {
        RealtimeTestClient here = member(0, "bob", transport);
        RealtimeTestClient there = member(1, "bob", transport);
        RealtimeTestClient alice = member(1, "alice", transport);

        this.cluster.node(0).bean(RealtimeTemplate.class).user("bob").send(new Notice("for bob"));

        here.expectEvent("notice", Notice.class).isEqualTo(new Notice("for bob"));
        there.expectEvent("notice", Notice.class).isEqualTo(new Notice("for bob"));
        alice.expectNoMoreEvents();
    }

    /** Welcomed, in no room yet, and on the other node. */
    @Test
    void whoWasWelcomedMissesNothing() {
        for (int i = 0; i < 20; i++) {
            RealtimeTestClient bob = this.cluster.node(1).connectAs("bob-" + i);
            this.cluster.node(0).bean(RealtimeTemplate.class).user("bob-" + i).send(new Notice("n" + i));
            bob.expectEvent("notice", Notice.class).isEqualTo(new Notice("n" + i));
        }
    }

    @Test
    void aNodeThatCannotReadWelcomesNobodyAndTakesThemAfterwards() {
        this.cluster.backplane().unreadable(1);
        this.cluster.node(1).connectAs("carol").expectClosed(4503);
        this.cluster.backplane().heal();
        assertThat(member(1, "carol").id()).isNotNull();
    }

    @Test
    void aPartitionIsDeclaredAndWhatHasAStreamComesAfterwards() {
        RealtimeTestClient alice = member(0, "alice");
        RealtimeTestClient bob = member(1, "bob");
        alice.publish("point", new Pointed("before")).assertAcked();
        bob.expectEvent("pointed", Pointed.class).isEqualTo(new Pointed("before"));
        double lost = count(1, "realtime.backplane.lost");
        double caughtUp = count(1, "realtime.backplane.caught.up");

        this.cluster.backplane().partition(0, 1);
        alice.publish("point", new Pointed("lost")).assertAcked();
        alice.publish("card.add", new Card("kept")).assertAcked();
        alice.expectEvent("card.added", Card.class).isEqualTo(new Card("kept"));
        this.cluster.backplane().heal();

        bob.expectGap(GapReason.BACKPLANE);
        bob.expectEvent("card.added", Card.class).isEqualTo(new Card("kept"));
        alice.publish("point", new Pointed("after")).assertAcked();
        bob.expectEvent("pointed", Pointed.class).isEqualTo(new Pointed("after"));
        bob.expectNoMoreEvents();
        assertThat(count(1, "realtime.backplane.lost") - lost).isEqualTo(1);
        assertThat(count(1, "realtime.backplane.caught.up") - caughtUp).isEqualTo(1);
    }

    @Test
    void aNodeWithoutMembersReceivesNothing() {
        this.cluster.node(1).tester().awaitIdle();
        RealtimeTestClient alice = this.cluster.node(0).connectAs("alice");
        alice.join("board:alone").assertJoined();
        long before = this.cluster.backplane().arrivals("node-1");
        alice.publish("card.add", new Card("one")).assertAcked();
        alice.publish("point", new Pointed("here")).assertAcked();
        alice.expectEvent("card.added");
        alice.expectEvent("pointed");
        alice.expectNoMoreEvents();
        assertThat(this.cluster.backplane().arrivals("node-1")).isEqualTo(before);
    }

    @Test
    void whatCannotBeReadIsCountedAndReachesNobody() {
        RealtimeTestClient bob = member(1, "bob");
        this.cluster.node(0).bean(RealtimeTemplate.class).room(ROOM).send(new Notice("first"));
        bob.expectEvent("notice", Notice.class).isEqualTo(new Notice("first"));
        double before = count(1, "realtime.backplane.received", "result", "malformed");
        this.cluster
                .backplane()
                .inject(RoutingKey.room(ROOM), "not an envelope".getBytes(StandardCharsets.UTF_8), null);
        String deep = "[".repeat(1000) + "]".repeat(1000);
        this.cluster
                .node(0)
                .bean(RealtimeTemplate.class)
                .room(ROOM)
                .send("deep", Payload.ofJson(deep.getBytes(StandardCharsets.UTF_8)));

        await().until(() -> count(1, "realtime.backplane.received", "result", "malformed") >= before + 2);
        assertThat(count(1, "realtime.backplane.received", "result", "malformed"))
                .isEqualTo(before + 2);
        this.cluster.node(0).bean(RealtimeTemplate.class).room(ROOM).send(new Notice("next"));
        // By its place in the order it was an event of the application.
        bob.expectGap(GapReason.BACKPLANE);
        bob.expectEvent("notice", Notice.class).isEqualTo(new Notice("next"));
        bob.expectNoMoreEvents();
    }

    @Test
    void metersAndTheEndpointTellOfTheOtherNode() {
        member(1, "bob");
        double delivered = count(1, "realtime.backplane.received", "result", "delivered");
        member(0, "alice").publish("point", new Pointed("here")).assertAcked();

        await().until(() -> count(1, "realtime.backplane.received", "result", "delivered") > delivered);
        MeterRegistry registry = this.cluster.node(1).bean(MeterRegistry.class);
        assertThat(registry.get("realtime.backplane.subscriptions").gauge().value())
                .isGreaterThanOrEqualTo(2);
        await().until(() -> registry.get("realtime.backplane.peers").gauge().value() == 1);
        assertThat(registry.get("realtime.backplane.lag").timer().count()).isPositive();
        assertThat(registry.get("realtime.backplane.pending.max").gauge().value())
                .isEqualTo(4096);
        assertThat(registry.get("realtime.backplane.publish")
                        .tags("adapter", "memory", "outcome", "published")
                        .timers())
                .isNotEmpty();

        RealtimeDescriptors.Summary summary =
                this.cluster.node(1).bean(RealtimeEndpoint.class).summary();
        assertThat(summary.peers()).singleElement().satisfies(peer -> {
            assertThat(peer.node()).isEqualTo("node-0");
            assertThat(peer.connections()).isBetween(0, 1);
        });
        await().until(() ->
                registry.get("realtime.nodes.connections.mean").gauge().value() == 1);
        assertThat(registry.get("realtime.nodes.connections.max").gauge().value())
                .isEqualTo(1);
        RealtimeDescriptors.Backplane backplane = summary.backplane();
        assertThat(backplane.type()).isEqualTo("memory");
        assertThat(backplane.subscription()).isEqualTo("lazy");
        assertThat(backplane.readable()).isTrue();
        assertThat(backplane.writable()).isTrue();
        assertThat(backplane.lagMs()).isNotNegative();
        assertThat(backplane.subscriptions()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void anOutageIsShownByEachNodesOwnStatus() {
        MeterRegistry registry = this.cluster.node(1).bean(MeterRegistry.class);
        this.cluster.backplane().unreadable(1);
        await().atMost(Duration.ofSeconds(20))
                .until(() -> registry.get("realtime.backplane.readable").gauge().value() == 0);
        double reconnects = count(1, "realtime.backplane.reconnects");
        assertThat(this.cluster
                        .node(0)
                        .bean(MeterRegistry.class)
                        .get("realtime.backplane.readable")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(health(1, "realtime", "backplane")).isEqualTo(Status.DOWN);
        // A broker that is away must not take every node out of service.
        assertThat(health(1, "readiness")).isEqualTo(Status.UP);
        assertThat(health(0, "realtime", "backplane")).isEqualTo(Status.UP);
        this.cluster.backplane().heal();
        await().atMost(Duration.ofSeconds(20))
                .until(() -> registry.get("realtime.backplane.readable").gauge().value() == 1);
        assertThat(count(1, "realtime.backplane.reconnects")).isEqualTo(reconnects + 1);
    }

    private Status health(int node, String... path) {
        return Objects.requireNonNull(
                        this.cluster.node(node).bean(HealthEndpoint.class).healthForPath(path))
                .getStatus();
    }

    @Test
    void theLineOfTheStartSaysWhatWasProven() {
        assertThat(this.cluster.node(0).context().getBean("realtimeStartupLine"))
                .asString()
                .contains("· backplane memory (lazy) readable,writable ·");
    }

    @Test
    void aNodeThatIsDrainedSendsItsClientsToAnotherOne() {
        RealtimeTestClient alice = member(0, "alice");
        RealtimeTestClient bob = member(1, "bob");
        alice.publish("card.add", new Card("one")).assertAcked();
        bob.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));
        Cursor seen = Objects.requireNonNull(bob.cursor());

        this.cluster.node(1).drain();
        bob.expectGoaway("draining");
        bob.expectClosed(1012);
        alice.publish("card.add", new Card("two")).assertAcked();

        RealtimeTestClient again = this.cluster.node(0).connectAs("bob");
        again.resume(ROOM, seen).assertRecovered();
        // Whether there was something without a stream meanwhile, nobody here knows.
        again.expectGap(GapReason.AWAY);
        again.expectEvent("card.added", Card.class).isEqualTo(new Card("two"));
        again.expectNoMoreEvents();
    }
}
