package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.test.AckResult;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.PublishResult;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Import;

/** A publish whose acknowledgement got lost is repeated on another node, and what it does is done once. */
@RealtimeClusterTest(
        classes = RepeatedPublishIntegrationTests.OrderApplication.class,
        properties = "realtime.test.timeout=20s")
class RepeatedPublishIntegrationTests {

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final Pattern SESSION = Pattern.compile("\"type\":\"welcome\".*?\"session\":\"([^\"]+)\"");
    private static final AtomicInteger ORDERS = new AtomicInteger();
    private static volatile CompletableFuture<Void> paid = CompletableFuture.completedFuture(null);

    @Import({OrderRoom.class, OpenSecurity.class})
    static class OrderApplication extends ClusterApplication {}

    @RealtimeEvent(name = "ordered", delivery = Delivery.RECOVERABLE)
    record Ordered(int number) {}

    @RoomController(value = "shop:{shopId}", open = true)
    static class OrderRoom {

        @RoomEvent("order")
        @Broadcast("ordered")
        CompletionStage<Ordered> order() {
            Ordered ordered = new Ordered(ORDERS.incrementAndGet());
            return paid.thenApply(done -> ordered);
        }

        @RoomEvent("price")
        int price() {
            return ORDERS.incrementAndGet();
        }
    }

    @BeforeEach
    void nobodyHasOrdered() {
        ORDERS.set(0);
        paid = CompletableFuture.completedFuture(null);
    }

    private static RealtimeTestClient member(RealtimeCluster cluster, int node, ClientTransport transport) {
        RealtimeTestClient client = cluster.node(node).connectAs("alice", transport);
        client.join("shop:1").assertJoined();
        return client;
    }

    private static double counted(RealtimeCluster cluster, int node, String outcome) {
        return cluster.node(node)
                .bean(MeterRegistry.class)
                .get("realtime.publishes.keyed")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    /** Those without a WebSocket send through POST. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void aRepeatOnAnotherNodeGetsTheFirstAckAndIsNotHandled(ClientTransport transport, RealtimeCluster cluster) {
        RealtimeTestClient here = member(cluster, 0, ClientTransport.WEBSOCKET);
        RealtimeTestClient there = member(cluster, 1, transport);
        double repeated = counted(cluster, 1, "repeated");
        String key = "a-" + transport;

        AckResult first = here.publishOnce(key, "order", null).assertAcked();
        AckResult second = there.publishOnce(key, "order", null).assertAcked();
        AckResult third = here.publishOnce(key, "order", null).assertAcked();

        assertThat(first.eventId()).isNotNull();
        for (AckResult repeat : new AckResult[] {second, third}) {
            assertThat(repeat.eventId()).isEqualTo(first.eventId());
            assertThat(repeat.cursor()).isEqualTo(first.cursor());
        }
        assertThat(ORDERS).hasValue(1);
        assertThat(counted(cluster, 1, "repeated") - repeated).isEqualTo(1);
        there.expectEvent("ordered", Ordered.class).isEqualTo(new Ordered(1));
        there.expectNoMoreEvents();
    }

    @ParameterizedTest
    @EnumSource(names = {"WEBSOCKET", "SSE"})
    void theReplyOfAHandlerIsWhatTheRepeatGets(ClientTransport transport, RealtimeCluster cluster) {
        String key = "price-" + transport;
        member(cluster, 0, transport)
                .publishOnce(key, "price", null)
                .assertAcked()
                .data(Integer.class)
                .isEqualTo(1);
        member(cluster, 1, transport)
                .publishOnce(key, "price", null)
                .assertAcked()
                .data(Integer.class)
                .isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"WEBSOCKET", "SSE"})
    void aRepeatDuringTheFirstAwaitsItsAck(ClientTransport transport, RealtimeCluster cluster) {
        RealtimeTestClient here = member(cluster, 0, ClientTransport.WEBSOCKET);
        RealtimeTestClient there = member(cluster, 1, transport);
        paid = new CompletableFuture<>();
        String key = "b-" + transport;

        PublishResult first = here.publishOnce(key, "order", null);
        await().until(() -> ORDERS.get() == 1);
        PublishResult repeat = there.publishOnce(key, "order", null);
        await().until(() -> cluster.node(1).bean(ProtocolSessions.class).keyedPublishes() == 1);
        paid.complete(null);

        assertThat(repeat.assertAcked().eventId()).isEqualTo(first.assertAcked().eventId());
        assertThat(ORDERS).hasValue(1);
    }

    /** What it says on each node is what it was told by the one before. */
    @ParameterizedTest
    @ValueSource(strings = {"/realtime/sse?room=shop:1", "/realtime/poll?room=shop:1&wait=0"})
    void aClientWithoutAUserIsTheSameWhereverItsStreamGoesOn(String path, RealtimeCluster cluster) throws Exception {
        String key = "anonymous-" + path.length();
        String first = session(cluster, 0, path, null);
        String ack = price(cluster, 0, key, first);
        String second = session(cluster, 1, path, first);

        assertThat(price(cluster, 1, key, second)).isEqualTo(ack);
        assertThat(price(cluster, 0, key, second)).isEqualTo(ack);
        assertThat(price(cluster, 1, key, first)).isEqualTo(ack);
        assertThat(ORDERS).hasValue(1);
        String stranger = session(cluster, 0, path, null);
        assertThat(price(cluster, 0, key, stranger)).isNotEqualTo(ack);
    }

    private static HttpRequest.Builder request(
            RealtimeCluster cluster, int node, String path, @Nullable String session) {
        int port =
                cluster.node(node).context().getEnvironment().getRequiredProperty("local.server.port", Integer.class);
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
        return session == null ? request : request.header("X-Realtime-Session", session);
    }

    /** What the client is told that opens a stream. */
    private static String session(RealtimeCluster cluster, int node, String path, @Nullable String before)
            throws Exception {
        HttpRequest request = request(cluster, node, path, before).build();
        HttpResponse<InputStream> response = HTTP.send(request, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            Matcher told = lines.lines()
                    .map(SESSION::matcher)
                    .filter(Matcher::find)
                    .findFirst()
                    .orElseThrow();
            return told.group(1);
        }
    }

    private static String price(RealtimeCluster cluster, int node, String key, String session) throws Exception {
        String frame = "{\"type\":\"publish\",\"id\":1,\"room\":\"shop:1\",\"event\":\"price\",\"key\":\"%s\"}";
        HttpRequest request = request(cluster, node, "/realtime/send", session)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(frame.formatted(key)))
                .build();
        HttpResponse<String> response = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    @ParameterizedTest
    @EnumSource(names = {"WEBSOCKET", "SSE"})
    void whileTheStoreCannotBeReachedAPublishIsHandledAndCounted(ClientTransport transport, RealtimeCluster cluster) {
        RealtimeTestClient here = member(cluster, 0, transport);
        double before = counted(cluster, 0, "unshared");
        cluster.backplane().unwritable(0);

        here.publishOnce("c-" + transport, "price", null).assertAcked();

        assertThat(counted(cluster, 0, "unshared") - before).isEqualTo(1);
        here.publishOnce("c-" + transport, "price", null)
                .assertAcked()
                .data(Integer.class)
                .isEqualTo(1);
    }
}
