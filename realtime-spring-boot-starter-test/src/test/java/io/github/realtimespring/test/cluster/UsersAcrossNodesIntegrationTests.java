package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.actuate.RealtimeDescriptors;
import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.cluster.BoardRoom.Notice;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What is about users rather than connections, on two nodes. The name of a user begins with its policy. */
@RealtimeClusterTest(
        classes = {ClusterApplication.class, UsersAcrossNodesIntegrationTests.Policies.class},
        properties = {
            "realtime.backplane.beacon=100ms",
            "realtime.test.timeout=20s",
            "realtime.store.lease=2s",
            "realtime.store.renewal=500ms",
            "management.endpoints.web.exposure.include=realtime"
        })
class UsersAcrossNodesIntegrationTests {

    private static final String ROOM = "board:users";
    private static final String DEVICE = "X-Device";

    @Configuration(proxyBeanMethods = false)
    static class Policies {

        @Bean
        HandshakeCustomizer policyByName() {
            return (handshake, request) -> new Handshake(
                    handshake.principal(),
                    handshake.identity(),
                    policy(handshake.identity().user()),
                    handshake.expiresAt());
        }

        @Bean
        IdentityCustomizer deviceByHeader() {
            return (Identity identity, HandshakeRequest request) ->
                    new Identity(identity.user(), identity.tenant(), request.header(DEVICE), identity.claims());
        }

        private static @Nullable DuplicatePolicy policy(@Nullable String user) {
            String rule = user == null ? "" : user.substring(0, Math.max(0, user.indexOf('-')));
            return switch (rule) {
                case "newest" -> DuplicatePolicy.NEWEST_WINS;
                case "device" -> DuplicatePolicy.NEWEST_WINS.onSameDevice();
                case "reject" -> DuplicatePolicy.REJECT;
                case "two" -> DuplicatePolicy.limit(2);
                default -> null;
            };
        }
    }

    private final RealtimeCluster cluster;

    UsersAcrossNodesIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    private RealtimeTemplate template(int node) {
        return this.cluster.node(node).bean(RealtimeTemplate.class);
    }

    private RealtimeTestClient connect(int node, String user) {
        return this.cluster.node(node).connectAs(user);
    }

    private RealtimeTestClient member(int node, String user, ClientTransport transport) {
        RealtimeTestClient client = this.cluster.node(node).connectAs(user, transport);
        client.join(ROOM).assertJoined();
        return client;
    }

    private int connections(int node, String user) {
        return this.cluster
                .node(node)
                .bean(ConnectionRegistry.class)
                .connections(RoutingKey.user(user))
                .size();
    }

    private double places(int node, String outcome) {
        return this.cluster
                .node(node)
                .bean(MeterRegistry.class)
                .get("realtime.places.changes")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    private static ControlReceipt get(CompletionStage<ControlReceipt> receipt) {
        return receipt.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void whoIsEvictedLeavesTheRoomOnEveryNode(ClientTransport transport) {
        RealtimeTestClient bob = member(1, "bob", transport);
        RealtimeTestClient alice = member(1, "alice", ClientTransport.WEBSOCKET);

        assertThat(template(0).room(ROOM).evict("bob")).isZero();

        bob.expectLeft("evicted");
        template(0).room(ROOM).send(new Notice("without bob"));
        alice.expectEvent("notice", Notice.class).isEqualTo(new Notice("without bob"));
        bob.expectNoMoreEvents();
    }

    @Test
    void anEvictionIsAboutOneRoomAndOneUser() {
        RealtimeTestClient bob = member(1, "bob", ClientTransport.WEBSOCKET);
        bob.join("board:other").assertJoined();

        ControlReceipt receipt = get(template(0).room(ROOM).evictAsync("bob"));

        assertThat(receipt).isEqualTo(new ControlReceipt(List.of(), BackplaneOutcome.PUBLISHED));
        bob.in(ROOM).expectLeft("evicted");
        template(0).room("board:other").send(new Notice("still here"));
        bob.in("board:other").expectEvent("notice", Notice.class).isEqualTo(new Notice("still here"));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void whoIsDisconnectedIsClosedOnEveryNodeBehindWhatWasSentBefore(ClientTransport transport) {
        RealtimeTestClient here = member(0, "bob", ClientTransport.WEBSOCKET);
        RealtimeTestClient there = member(1, "bob", transport);
        RealtimeTestClient alice = member(1, "alice", ClientTransport.WEBSOCKET);

        ControlReceipt receipt = get(template(0).user("bob").disconnect(4403));

        assertThat(receipt).isEqualTo(new ControlReceipt(List.of(here.id()), BackplaneOutcome.PUBLISHED));
        here.expectClosed(4403);
        there.expectClosed(4403);
        template(0).user("alice").send(new Notice("stays"));
        alice.expectEvent("notice", Notice.class).isEqualTo(new Notice("stays"));
    }

    @Test
    void theReceiptSaysThatOtherNodesWereNotTold() {
        RealtimeTestClient here = connect(0, "bob");
        RealtimeTestClient there = connect(1, "bob");
        this.cluster.backplane().unwritable(0);

        ControlReceipt receipt = get(template(0).user("bob").disconnect(4403));

        assertThat(receipt).isEqualTo(new ControlReceipt(List.of(here.id()), BackplaneOutcome.LOCAL_ONLY));
        here.expectClosed(4403);
        this.cluster.backplane().heal();
        BackplaneAdapter backplane = this.cluster.node(0).bean(BackplaneAdapter.class);
        await().until(() -> backplane.status().writable());
        template(0).user("bob").send(new Notice("still there"));
        there.expectEvent("notice", Notice.class).isEqualTo(new Notice("still there"));
    }

    @Test
    void whatIsAskedForTwiceIsDoneOnce() {
        this.cluster.backplane().duplicate(1).delay(Duration.ofMillis(300));
        RealtimeTestClient bob = connect(1, "bob");
        get(template(0).user("bob").disconnect(4500));
        bob.expectClosed(4500);

        RealtimeTestClient again = connect(1, "bob");
        template(0).user("bob").send(new Notice("later than the double"));
        again.expectEvent("notice", Notice.class).isEqualTo(new Notice("later than the double"));
        this.cluster.backplane().heal();
        template(0).user("bob").send(new Notice("later still"));
        again.expectEvent("notice", Notice.class).isEqualTo(new Notice("later still"));
    }

    @Test
    void anOperatorReachesUsersOfOtherNodes() {
        RealtimeTestClient bob = member(1, "bob", ClientTransport.WEBSOCKET);
        RealtimeEndpoint endpoint = this.cluster.node(0).bean(RealtimeEndpoint.class);

        WebEndpointResponse<RealtimeDescriptors.Affected> evicted = endpoint.remove("rooms", ROOM, null, "bob", null);
        bob.expectLeft("evicted");
        WebEndpointResponse<RealtimeDescriptors.Affected> closed = endpoint.remove("users", "bob", 4429, null, null);
        bob.expectClosed(4429);

        for (WebEndpointResponse<RealtimeDescriptors.Affected> answer : List.of(evicted, closed)) {
            assertThat(answer.getStatus()).isEqualTo(202);
            assertThat(answer.getBody()).isEqualTo(new RealtimeDescriptors.Affected(List.of(), "published"));
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void theNewestConnectionWinsOnWhateverNode(ClientTransport transport) {
        String user = "newest-" + transport;
        RealtimeTestClient first = member(0, user, transport);
        RealtimeTestClient second = member(1, user, transport);
        first.expectClosed(4409);
        RealtimeTestClient third = member(0, user, ClientTransport.WEBSOCKET);
        second.expectClosed(4409);

        template(1).user(user).send(new Notice("one of you"));
        third.expectEvent("notice", Notice.class).isEqualTo(new Notice("one of you"));
        assertThat(connections(0, user) + connections(1, user)).isEqualTo(1);
    }

    @Test
    void theNewestWinsAmongConnectionsOfOneDevice() {
        RealtimeTestClient phone = device(0, "phone");
        RealtimeTestClient laptop = device(0, "laptop");

        RealtimeTestClient otherPhone = device(1, "phone");

        phone.expectClosed(4409);
        template(0).user("device-alice").send(new Notice("two devices"));
        laptop.expectEvent("notice", Notice.class).isEqualTo(new Notice("two devices"));
        otherPhone.expectEvent("notice", Notice.class).isEqualTo(new Notice("two devices"));
    }

    private RealtimeTestClient device(int node, String device) {
        Principal alice = () -> "device-alice";
        return this.cluster.node(node).tester().connect(alice, Map.of(DEVICE, List.of(device)));
    }

    @Test
    void theNewerIsRefusedWhileTheOlderIsOnTheOtherNode() {
        RealtimeTestClient first = connect(0, "reject-alice");
        double refused = places(1, "refused");

        this.cluster.node(1).connectAs("reject-alice").expectClosed(4409);

        assertThat(places(1, "refused") - refused).isEqualTo(1);
        first.disconnect();
        await().until(() -> this.cluster.node(0).bean(Places.class).size() == 0);
        assertThat(connect(1, "reject-alice").id()).isNotNull();
    }

    @Test
    void aStreamThatIsRefusedByAnotherNodeEndsAndDoesNotComeBack() {
        connect(0, "reject-stream");
        this.cluster.node(1).connectAs("reject-stream", ClientTransport.SSE).join(ROOM);
        await().until(() -> connections(1, "reject-stream") == 0);
    }

    @Test
    void aLimitCountsConnectionsOfBothNodes() {
        RealtimeTestClient first = connect(0, "two-alice");
        connect(1, "two-alice");

        this.cluster.node(1).connectAs("two-alice").expectClosed(4429);

        first.disconnect();
        await().until(() -> this.cluster.node(0).bean(Places.class).size() == 0);
        assertThat(connect(1, "two-alice").id()).isNotNull();
        this.cluster.node(0).connectAs("two-alice").expectClosed(4429);
    }

    @ParameterizedTest
    @ValueSource(strings = {"newest", "reject", "two"})
    void whenClientsArriveAtBothNodesAtTheSameMomentAsManyStayAsThePolicySays(String rule) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 8; round++) {
                String user = rule + "-round-" + round;
                CountDownLatch start = new CountDownLatch(1);
                List<Future<RealtimeTestClient>> arriving = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    int node = i % 2;
                    arriving.add(threads.submit(() -> {
                        start.await();
                        return connect(node, user);
                    }));
                }
                start.countDown();
                for (Future<RealtimeTestClient> client : arriving) {
                    client.get(30, TimeUnit.SECONDS);
                }
                await().untilAsserted(() -> assertThat(connections(0, user) + connections(1, user))
                        .as(user)
                        .isEqualTo(rule.equals("two") ? 2 : 1));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Node 1 reaches neither the other nodes nor the store; its connections are let in, and counted. */
    @Test
    void withoutTheStoreEverybodyIsLetInAndThePolicyHoldsAgainAfterwards() {
        RealtimeTestClient older = connect(0, "newest-outage");
        double undecided = places(0, "undecided");
        this.cluster.backplane().unwritable(0);
        RealtimeTestClient rejected = connect(0, "reject-outage");
        assertThat(rejected.id()).isNotNull();
        assertThat(places(0, "undecided") - undecided).isEqualTo(1);
        assertThat(connections(0, "newest-outage")).isEqualTo(1);

        this.cluster.backplane().heal();

        await().until(() -> places(0, "restored") > 0);
        this.cluster.node(1).connectAs("reject-outage").expectClosed(4409);
        connect(1, "newest-outage");
        older.expectClosed(4409);
    }

    /** What would have told the older one is lost; the store says it at the next renewal. */
    @Test
    void whoHasLostItsPlaceIsClosedEvenIfNobodyTellsIt() {
        RealtimeTestClient older = connect(0, "newest-untold");
        this.cluster.backplane().partition(0, 1);

        assertThat(connect(1, "newest-untold").id()).isNotNull();

        older.expectClosed(4409);
    }

    @Test
    void thePlacesOfANodeThatIsCutOffEndAndWhoWasSupersededIsClosedWhenItIsBack() {
        RealtimeTestClient older = connect(0, "newest-cut");
        RealtimeTestClient rejected = connect(0, "reject-cut");
        this.cluster.backplane().unwritable(0);
        this.cluster.node(1).connectAs("reject-cut").expectClosed(4409);

        await().untilAsserted(() -> assertThat(
                        connect(1, "reject-cut").within(Duration.ofSeconds(1)).id())
                .isNotNull());
        connect(1, "newest-cut");
        this.cluster.backplane().heal();

        older.expectClosed(4409);
        // Nobody who was let in is sent away for want of room.
        template(0).user("reject-cut").send(new Notice("both"));
        rejected.expectEvent("notice", Notice.class).isEqualTo(new Notice("both"));
    }

    @Test
    void aStoreThatForgetsEverythingIsTold() {
        connect(0, "reject-forgotten");
        double restored = places(0, "restored");
        this.cluster.backplane().forgetPlaces();

        await().until(() -> places(0, "restored") > restored);

        this.cluster.node(1).connectAs("reject-forgotten").expectClosed(4409);
    }

    @Test
    void aNodeThatIsDrainedGivesItsPlacesBack() {
        RealtimeTestClient first = connect(0, "reject-drained");
        this.cluster.node(0).drain();
        first.expectGoaway("draining").expectClosed(1012);
        assertThat(connect(1, "reject-drained").id()).isNotNull();
    }
}
