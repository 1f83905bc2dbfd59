package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.Drain;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@ServerTest
class EventStreamIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final DeliveryClass RECOVERABLE = DeliveryClass.of(Delivery.RECOVERABLE);
    private static final DeliveryClass STANDARD = DeliveryClass.of(Delivery.STANDARD);

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    @Test
    void aStreamBeginsWithRetryAndWelcomeAndJoinsItsRoomsInOrder() throws Exception {
        try (RealtimeServer server = start();
                SseClient client =
                        SseClient.open(server.http("/realtime/sse?room=project:1&room=nowhere&room=project:2"))) {
            client.expect("project:2");

            assertThat(client.retry()).isBetween(500L, 2500L);
            assertThat(client.header("Content-Type")).startsWith("text/event-stream");
            assertThat(client.frames()).hasSize(4);
            assertThat(client.frames().get(0)).startsWith("{\"type\":\"welcome\"");
            assertThat(client.frames().get(1)).startsWith("{\"type\":\"joined\",\"room\":\"project:1\"");
            assertThat(client.frames().get(2)).contains("\"room\":\"nowhere\"", "not-found");
            assertThat(client.frames().get(3)).startsWith("{\"type\":\"joined\",\"room\":\"project:2\"");
        }
    }

    @Test
    void aRequestForTheHeadersOpensNoStream() throws Exception {
        try (RealtimeServer server = start()) {
            for (String path : List.of("/events/projects/1", "/events/projects/2")) {
                HttpResponse<String> head = HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(server.http(path))
                                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                                        .timeout(PATIENCE)
                                        .build(),
                                HttpResponse.BodyHandlers.ofString());

                assertThat(head.statusCode()).isEqualTo(200);
                assertThat(head.headers().firstValue("Content-Type"))
                        .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
            }
            assertThat(server.connections().size()).isZero();
        }
    }

    @Test
    void everyStreamOfARoomGetsTheSameEventsInTheirOrder() throws Exception {
        try (RealtimeServer server = start();
                SseClient one = SseClient.open(server.http("/realtime/sse?room=project:1"));
                SseClient two = SseClient.open(server.http("/realtime/sse?room=project:2&room=project:1"));
                TestClient socket = server.client()) {
            socket.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
            socket.expect("\"joined\"");
            one.expect("\"joined\"");
            two.expect("\"room\":\"project:1\"");
            for (int i = 1; i <= 500; i++) {
                server.publish(
                        RoutingKey.room("project:1"),
                        i % 2 == 0 ? STANDARD : RECOVERABLE,
                        "{\"n\":" + i + ",\"t\":\"\\r\\n\\u0000\uFEFF\"}");
            }
            one.expect("{\"n\":500,");
            two.expect("{\"n\":500,");
            socket.expect("{\"n\":500,");

            List<String> events = socket.frames().stream()
                    .filter(frame -> frame.contains("\"event\""))
                    .toList();
            assertThat(events).hasSize(500);
            assertThat(one.frames("event")).isEqualTo(events);
            assertThat(two.frames("event")).isEqualTo(events);
            assertThat(one.lastEventId()).isNotEmpty().isEqualTo(cursor(events.get(498)));
            assertThat(two.lastEventId()).matches("[!-~]+").contains("_" + cursor(events.get(498)) + "_");
        }
    }

    private static String cursor(String event) {
        return event.replaceAll(".*\"cursor\":\"([^\"]+)\".*", "$1");
    }

    @Test
    void aDrainEndsStreamsAtOnceWithACode() throws Exception {
        try (RealtimeServer server = start("realtime.drain.spread=10s");
                SseClient one = SseClient.open(server.http("/realtime/sse?room=project:1"));
                SseClient two = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            one.expect("\"joined\"");
            two.expect("\"joined\"");
            server.bean(Drain.class).start().toCompletableFuture().get(5, TimeUnit.SECONDS);
            for (SseClient client : List.of(one, two)) {
                assertThat(client.awaitEnd().expect("goaway"))
                        .contains("\"reason\":\"draining\"", "\"code\":1012", "\"reconnectAfter\":");
                assertThat(client.retry()).isLessThan(2_000);
            }
            try (SseClient late = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
                assertThat(late.status()).isEqualTo(503);
                assertThat(late.header("Retry-After")).isNotNull();
                assertThat(late.body()).contains("\"draining\"");
            }
        }
    }

    @Test
    void aStreamThatMustNotComeBackIsStopped() throws Exception {
        try (RealtimeServer server = start()) {
            String id;
            try (SseClient client = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
                client.expect("\"joined\"");
                server.connection().close(CloseReason.SUPERSEDED);
                assertThat(client.awaitEnd().expect("goaway")).contains("\"code\":4409");
                id = client.lastEventId();
            }
            try (SseClient client =
                    SseClient.open(server.http("/realtime/sse?room=project:1"), "Last-Event-ID: " + id)) {
                assertThat(client.status()).isEqualTo(204);
            }
        }
    }

    @Test
    void heartbeatsKeepAStreamThatCannotAnswer() throws Exception {
        try (RealtimeServer server = start("realtime.heartbeat.interval=100ms", "realtime.heartbeat.timeout=100ms");
                SseClient client = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            await().atMost(PATIENCE).until(() -> client.frames("ping").size() >= 10);
            assertThat(client.isOpen()).isTrue();
        }
    }

    @Test
    void aReaderThatGoesAwayIsNoticedByTheHeartbeat() throws Exception {
        try (RealtimeServer server = start("realtime.heartbeat.interval=200ms")) {
            stuck(server).close();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            await().atMost(PATIENCE).until(() -> server.sockets() == 0);
        }
    }

    /** It costs itself: it is cut, its socket and its memory are free again, and nobody else has noticed. */
    @Test
    void aReaderThatStopsIsCutAndNobodyElseNotices() throws Exception {
        List<String> properties = new ArrayList<>(TestServer.current().fewThreads());
        properties.add("realtime.websocket.send-timeout=3s");
        try (RealtimeServer server = start(properties.toArray(String[]::new))) {
            List<Socket> stuck = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                stuck.add(stuck(server));
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 8);
            try (SseClient client = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
                client.expect("\"joined\"");
                String text = "x".repeat(20_000);
                for (int i = 1; i <= 1_000; i++) {
                    server.publish(
                                    RoutingKey.room("project:1"),
                                    RECOVERABLE,
                                    "{\"n\":" + i + ",\"t\":\"" + text + "\"}")
                            .receipt()
                            .toCompletableFuture()
                            .get(5, TimeUnit.SECONDS);
                    if (i % 20 == 0) {
                        client.expect("{\"n\":" + i + ",");
                    }
                }
                client.expect("{\"n\":1000,");
                assertThat(client.frames("event")).hasSize(1_000);
                await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
                await().atMost(PATIENCE).until(() -> server.sockets() == 1);
                server.closes().expect(1013, 8);
            }
            for (Socket socket : stuck) {
                socket.close();
            }
        }
    }

    @Test
    void aStreamGoesOnFromItsLastEventIdOrDeclaresAGap() throws Exception {
        try (RealtimeServer server = start("realtime.history.size=50")) {
            String path = "/realtime/sse?room=project:1&room=project:2";
            String id;
            try (SseClient client = SseClient.open(server.http(path))) {
                client.expect("\"room\":\"project:2\"");
                server.publish(RoutingKey.room("project:1"), RECOVERABLE, "{\"n\":1}");
                client.expect("{\"n\":1}");
                id = client.lastEventId();
            }
            for (int i = 2; i <= 20; i++) {
                server.publish(RoutingKey.room("project:" + (1 + i % 2)), RECOVERABLE, "{\"n\":" + i + "}")
                        .receipt()
                        .toCompletableFuture()
                        .get(5, TimeUnit.SECONDS);
            }
            String query = path + "&last-event-id=" + id;
            for (SseClient opened : List.of(
                    SseClient.open(server.http(path), "Last-Event-ID: " + id),
                    SseClient.open(server.http(query)),
                    // The header wins.
                    SseClient.open(server.http(path + "&last-event-id=nonsense"), "Last-Event-ID: " + id))) {
                try (SseClient client = opened) {
                    await().atMost(PATIENCE).until(() -> client.frames("event").size() >= 19);
                    assertThat(client.frames("joined"))
                            .hasSize(2)
                            .allMatch(joined -> joined.contains("\"recovered\":true"));
                    assertThat(client.frames("event")).hasSize(19);
                    assertThat(client.frames("gap")).isEmpty();
                }
            }
            for (String lost : List.of("nonsense", "abcd.1_abcd.1_0000000000000000", "x".repeat(3000))) {
                try (SseClient client = SseClient.open(server.http(path), "Last-Event-ID: " + lost)) {
                    await().atMost(PATIENCE).until(() -> client.frames("gap").size() == 2);
                    assertThat(client.frames("joined")).allMatch(joined -> joined.contains("\"recovered\":false"));
                    assertThat(client.frames("gap")).allMatch(gap -> gap.contains("\"history\""));
                    server.publish(RoutingKey.room("project:1"), RECOVERABLE, "{\"live\":1}");
                    client.expect("{\"live\":1}");
                }
            }
        }
    }

    private static Socket stuck(RealtimeServer server) throws Exception {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress("127.0.0.1", server.port));
        OutputStream out = socket.getOutputStream();
        out.write("GET /realtime/sse?room=project:1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                .getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf("joined") < 0) {
            seen.append((char) in.read());
        }
        return socket;
    }
}
