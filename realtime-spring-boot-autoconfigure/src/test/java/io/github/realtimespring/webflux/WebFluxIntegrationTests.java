package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.scenario.BufferLeaks;
import io.github.realtimespring.scenario.RawWebSocket;
import io.github.realtimespring.scenario.ReactiveServerTest;
import io.github.realtimespring.scenario.RealtimeServer;
import io.github.realtimespring.scenario.TestClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.socket.server.support.HandshakeWebSocketService;

/** What is particular to the transport on Reactor Netty; everything else stands in the scenarios of all servers. */
@ReactiveServerTest
@ExtendWith(OutputCaptureExtension.class)
class WebFluxIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("busy");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String JOIN = "{\"type\":\"join\",\"id\":1,\"room\":\"a:1\"}";
    private static final String SLOW =
            "{\"type\":\"publish\",\"id\":2,\"room\":\"a:1\",\"event\":\"slow\",\"data\":{}}";
    private static final String SAY =
            "{\"type\":\"publish\",\"id\":3,\"room\":\"a:1\",\"event\":\"say\",\"data\":{\"text\":\"hi\"}}";

    @Test
    void aHandlerThatWaitsHoldsUpNobodyElse() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Rooms.class))) {
            Rooms rooms = server.bean(Rooms.class);
            List<TestClient> waiting = new ArrayList<>();
            // More than there are event loops.
            for (int i = 0; i < 6; i++) {
                TestClient client = server.client();
                client.send(JOIN);
                client.expect("\"joined\"");
                client.send(SLOW);
                waiting.add(client);
            }
            await().atMost(PATIENCE).until(() -> rooms.threads.size() == 6);
            try (TestClient one = server.client();
                    TestClient two = server.client()) {
                for (TestClient client : List.of(one, two)) {
                    client.send(JOIN);
                    client.expect("\"joined\"");
                }
                one.send(SAY);
                one.expect("\"ack\"");
                two.expect("\"said\"");
            }
            assertThat(rooms.threads).noneMatch(name -> name.contains("reactor") || name.contains("epoll"));
            rooms.go.countDown();
            for (TestClient client : waiting) {
                client.expect("\"ack\"");
                client.close();
            }
        }
    }

    @Test
    void whereTheServerIsAnotherOneAnOrdinarySessionDoesTheSame() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Rooms.class, OrdinarySessions.class))) {
            try (TestClient one = server.client("Sec-WebSocket-Protocol: other.v9, realtime.v1.json");
                    TestClient two = server.client()) {
                assertThat(one.subprotocol()).isEqualTo("realtime.v1.json");
                for (TestClient client : List.of(one, two)) {
                    client.send(JOIN);
                    client.expect("\"joined\"");
                }
                one.send(SAY);
                one.expect("\"ack\"");
                two.expect("\"said\"");
                two.send("not JSON");
                two.expect("\"bad-request\"");
                for (int i = 0; i < 2_000; i++) {
                    server.publish(ROOM, DeliveryClass.CRITICAL, "1");
                }
                server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
                assertThat(one.closeCode()).isEqualTo(4409);
                assertThat(two.closeCode()).isEqualTo(4409);
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
        }
    }

    @Test
    void nettysOwnBufferHoldsNoMoreThanTheMessageInFlight() throws Exception {
        try (RealtimeServer server =
                        RealtimeServer.start("realtime.queue.max-bytes=64MB", "realtime.queue.max-messages=100000");
                RawWebSocket stuck = RawWebSocket.open(server.port, "/realtime/ws", 4096);
                TestClient healthy = server.client()) {
            stuck.message();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 2);
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(7_000) + "\"";
            RealtimeServer.Channels channels = server.bean(RealtimeServer.Channels.class);
            long most = 0;
            for (int i = 0; i < 2_000; i++) {
                server.publish(ROOM, DeliveryClass.CRITICAL, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
                most = Math.max(most, channels.mostPendingBytes());
            }
            await().atMost(PATIENCE).until(() -> healthy.events() == 2_000);
            // Bytes of the message, and what Netty adds for each entry.
            assertThat(most).isPositive().isLessThanOrEqualTo(ChannelDrain.MAX_MESSAGE + 1_024L);
        }
    }

    /** With every buffer tracked: rooms, answers, a peer that is cut while a message is in flight, refusals. */
    @Test
    void noBufferIsLost(CapturedOutput output) throws Exception {
        BufferLeaks.assertNone(output, () -> {
            churn();
            return null;
        });
    }

    private static void churn() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, Rooms.class), "realtime.queue.max-bytes=2MB")) {
            List<TestClient> clients = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                TestClient client = server.client();
                client.send(JOIN);
                client.expect("\"joined\"");
                clients.add(client);
            }
            RawWebSocket stuck = RawWebSocket.open(server.port, "/realtime/ws", 4096);
            stuck.message();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 21);
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(30_000) + "\"";
            for (int i = 0; i < 400; i++) {
                server.publish(ROOM, DeliveryClass.EPHEMERAL, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
                stuck.frame(RawWebSocket.FIN | RawWebSocket.PING, new byte[] {1});
            }
            clients.get(0).send(SAY);
            clients.get(1).expect("\"said\"");
            stuck.close();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 20);
            try (RawWebSocket refused = server.raw("Origin: https://evil.com")) {
                assertThat(refused.status()).isEqualTo(403);
            }
            clients.forEach(TestClient::close);
        }
    }

    record Said(String text) {}

    @RoomController(value = "a:{id}", open = true)
    static class Rooms {

        final List<String> threads = new CopyOnWriteArrayList<>();
        final CountDownLatch go = new CountDownLatch(1);

        @RoomEvent("slow")
        void slow() throws InterruptedException {
            this.threads.add(Thread.currentThread().getName());
            this.go.await();
        }

        @RoomEvent("say")
        @Broadcast("said")
        Said say(Said said) {
            return said;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OrdinarySessions {

        @Bean
        WebSocketUpgrade ordinarySessions() {
            return new SessionUpgrade(new HandshakeWebSocketService());
        }
    }
}
