package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.fanout.PublishReceipt;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Peers that do not read cost their own queue and nothing else (SPEC §4). */
@ServerTest
class SlowConsumerIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("busy");

    /** What closes when the queue is full, without history: the queue's own overflow. */
    private static final DeliveryClass CLOSING = DeliveryClass.CRITICAL;

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /**
     * 7 KB at 300 a second until each of three members that never read should have had more than 10 MB: the other 27 miss
     * nothing, the three are cut and counted as 1013, and nobody who publishes waits for them. On a machine that is too busy
     * for the rate the publisher keeps step with the readers, whose queues hold half a second of it.
     */
    @Test
    void threeOfThirtyThatNeverReadAreCutAndTheOthersGetEverything() throws Exception {
        int events = 1_600;
        int ahead = 100;
        String json = "\"" + "x".repeat(7_000) + "\"";
        try (RealtimeServer server = RealtimeServer.start()) {
            HttpClient http = HttpClient.newHttpClient();
            List<TestClient> healthy = new ArrayList<>();
            List<RawWebSocket> stuck = new ArrayList<>();
            for (int i = 0; i < 27; i++) {
                healthy.add(TestClient.connect(http, server.ws()).forget());
            }
            for (int i = 0; i < 3; i++) {
                RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", 64 << 10);
                client.message();
                stuck.add(client);
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 30);
            List<Connection> all = new ArrayList<>();
            server.connections().forEach(all::add);
            server.joinAll(ROOM);

            long begin = System.nanoTime();
            List<CompletableFuture<PublishReceipt>> receipts = new ArrayList<>();
            for (int i = 0; i < events; i++) {
                LockSupport.parkNanos(begin + i * 1_000_000_000L / 300 - System.nanoTime());
                int most = i - ahead;
                await().pollInterval(Duration.ofMillis(5))
                        .atMost(PATIENCE)
                        .until(() -> healthy.stream().allMatch(client -> client.events() >= most));
                receipts.add(server.publish(ROOM, CLOSING, json).receipt().toCompletableFuture());
            }

            for (TestClient client : healthy) {
                await().atMost(PATIENCE).until(() -> client.events() == events);
                assertThat(client.closed()).isFalse();
            }
            await().atMost(PATIENCE).until(() -> server.closes().count(1013) == 3);
            assertThat(all.stream().filter(connection -> !connection.isOpen()))
                    .hasSize(3)
                    .allSatisfy(
                            connection -> assertThat(connection.closeReason()).isEqualTo(CloseReason.SLOW_CONSUMER));
            CompletableFuture.allOf(receipts.toArray(CompletableFuture[]::new))
                    .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(server.connections().size()).isEqualTo(27);
            assertThat(server.connections().inconsistencies()).isEmpty();
            // The container has let go of them as well, although their peers still hold their ends.
            await().atMost(PATIENCE).until(() -> server.sockets() == 27);
            for (RawWebSocket client : stuck) {
                assertThat(client.closeCode()).isIn(1006, 1013);
                client.close();
            }
            healthy.forEach(TestClient::close);
        }
    }

    @Test
    void aWriteInFlightForLongerThanTheSendTimeoutEndsTheConnection() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                        "realtime.websocket.send-timeout=1s",
                        "realtime.queue.max-bytes=64MB",
                        "realtime.queue.max-messages=100000");
                RawWebSocket stuck = RawWebSocket.open(server.port, "/realtime/ws", 4096);
                TestClient healthy = server.client()) {
            stuck.message();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 2);
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(60_000) + "\"";
            for (int i = 0; i < 150; i++) {
                server.publish(ROOM, CLOSING, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            await().atMost(PATIENCE).until(() -> server.closes().count(1013) == 1);
            await().atMost(PATIENCE).until(() -> healthy.events() == 150);
            await().atMost(PATIENCE).until(() -> server.sockets() == 1);
            assertThat(healthy.closed()).isFalse();
        }
    }

    /**
     * It reads 2.5 MB a second of 12 MB and answers each heartbeat that it comes to. The first one waits behind all that, in
     * the queue, in the transport and in the sockets, for longer than interval and timeout together.
     */
    @Test
    void aReaderThatIsSlowerThanTheHeartbeatIsAlive() throws Exception {
        int events = 200;
        long bytesPerSecond = 2_500_000;
        try (RealtimeServer server = RealtimeServer.start(
                        "realtime.heartbeat.interval=500ms",
                        "realtime.heartbeat.timeout=1500ms",
                        "realtime.queue.max-bytes=64MB");
                RawWebSocket slow = RawWebSocket.open(server.port, "/realtime/ws", 64 << 10)) {
            slow.message();
            Connection connection = server.connection();
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(60_000) + "\"";
            for (int i = 0; i < events; i++) {
                server.publish(ROOM, CLOSING, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            long begin = System.nanoTime();
            long bytes = 0;
            int seen = 0;
            while (seen < events) {
                String message = slow.message();
                bytes += message.length();
                LockSupport.parkNanos(begin + bytes * 1_000_000_000L / bytesPerSecond - System.nanoTime());
                for (String frame : message.split("\n")) {
                    if (frame.startsWith("{\"type\":\"event\"")) {
                        seen++;
                    } else {
                        assertThat(frame).isEqualTo("{\"type\":\"ping\"}");
                        slow.text("{\"type\":\"pong\"}");
                    }
                }
            }
            await().atMost(PATIENCE).until(() -> connection.roundTripNanos() >= 0);
            assertThat(connection.isOpen()).isTrue();
            assertThat(server.count("realtime.heartbeat.timeouts")).isZero();
        }
    }

    /** Answering pings is the container's: it must not hold its threads for peers that ping and do not read. */
    @Test
    void peersThatPingAndDoNotReadHoldNoThreadsForLong() throws Exception {
        List<String> properties = new ArrayList<>(TestServer.current().fewThreads());
        properties.add("realtime.queue.max-bytes=64MB");
        properties.add("realtime.websocket.send-timeout=2s");
        try (RealtimeServer server = RealtimeServer.start(properties.toArray(String[]::new))) {
            List<RawWebSocket> stuck = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", 4096);
                client.message();
                stuck.add(client);
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 8);
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(60_000) + "\"";
            for (int i = 0; i < 150; i++) {
                server.publish(ROOM, CLOSING, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            for (RawWebSocket client : stuck) {
                client.frame(RawWebSocket.FIN | RawWebSocket.PING, new byte[] {1});
            }
            try (TestClient healthy = server.client()) {
                healthy.send("{\"type\":\"leave\",\"id\":1,\"room\":\"a\"}");
                healthy.expect("\"left\"");
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            await().atMost(PATIENCE).until(() -> server.sockets() == 0);
            for (RawWebSocket client : stuck) {
                client.close();
            }
        }
    }

    @Test
    void aPeerThatDoesNotReadCannotHoldAGracefulCloseForLongerThanTheSendTimeout() throws Exception {
        try (RealtimeServer server =
                        RealtimeServer.start("realtime.websocket.send-timeout=1s", "realtime.queue.max-bytes=64MB");
                RawWebSocket stuck = RawWebSocket.open(server.port, "/realtime/ws", 4096)) {
            stuck.message();
            Connection connection = server.connection();
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(60_000) + "\"";
            for (int i = 0; i < 100; i++) {
                server.publish(ROOM, CLOSING, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            connection.close(CloseReason.NORMAL);
            await().atMost(PATIENCE).until(() -> server.sockets() == 0);
            server.closes().expect(1000, 1);
        }
    }

    /** The answer to its close waits behind a message that it does not read. */
    @Test
    void aPeerThatClosesAndDoesNotReadIsLetGo() throws Exception {
        try (RealtimeServer server =
                        RealtimeServer.start("realtime.websocket.send-timeout=2s", "realtime.queue.max-bytes=64MB");
                RawWebSocket stuck = RawWebSocket.open(server.port, "/realtime/ws", 4096)) {
            stuck.message();
            server.connection();
            server.joinAll(ROOM);
            String json = "\"" + "x".repeat(60_000) + "\"";
            for (int i = 0; i < 100; i++) {
                server.publish(ROOM, CLOSING, json)
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            stuck.frame(RawWebSocket.FIN | RawWebSocket.CLOSE, RawWebSocket.closePayload(1000));
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            await().atMost(PATIENCE).until(() -> server.sockets() == 0);
        }
    }
}
