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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.context.annotation.Import;

/** A publish whose acknowledgement got lost is repeated on another node, and what it does is done once. */
@RealtimeClusterTest(
        classes = RepeatedPublishIntegrationTests.OrderApplication.class,
        properties = "realtime.test.timeout=20s")
class RepeatedPublishIntegrationTests {

    private static final AtomicInteger ORDERS = new AtomicInteger();
    private static volatile CompletableFuture<Void> paid = CompletableFuture.completedFuture(null);

    @Import(OrderRoom.class)
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
