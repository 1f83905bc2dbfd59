package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakeException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.netty.http.HttpProtocol;
import reactor.netty.resources.ConnectionProvider;

/**
 * {@code server.http2.enabled} on Reactor Netty: event streams and polls are streams of one connection, a WebSocket has a
 * connection of its own.
 */
@ReactiveServerTest
class Http2IntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String PATH = "/realtime/sse?room=project:1";
    private static final RoutingKey ROOM = RoutingKey.room("project:1");
    private static final DeliveryClass RECOVERABLE = DeliveryClass.of(Delivery.RECOVERABLE);

    private static RealtimeServer server;
    private final HttpClient http2 =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
    private final HttpClient http11 =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @BeforeAll
    static void start() {
        server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                "server.http2.enabled=true",
                "realtime.queue.max-bytes=256KB",
                "realtime.websocket.send-timeout=3s");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void everybodyIsGone() {
        server.connections().forEach(connection -> connection.close(CloseReason.NORMAL));
        await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
    }

    @Test
    void streamsOfOneConnectionAndThoseOfHttp11GetTheSame() throws Exception {
        List<SseClient> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            SseClient client = SseClient.open(this.http2, server.http(PATH));
            assertThat(client.version()).isEqualTo(HttpClient.Version.HTTP_2);
            clients.add(client);
        }
        SseClient plain = SseClient.open(this.http11, server.http(PATH));
        assertThat(plain.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        clients.add(plain);
        try (TestClient socket = server.client()) {
            socket.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
            socket.expect("\"joined\"");
            for (SseClient client : clients) {
                client.expect("\"joined\"");
            }
            for (int n = 1; n <= 300; n++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + n + ",\"t\":\"" + "x".repeat(n) + "\"}");
            }
            socket.expect("{\"n\":300,");
            assertThat(socket.inOrder()).isEqualTo(300);
            List<String> events = socket.frames().stream()
                    .filter(frame -> frame.startsWith("{\"type\":\"event\""))
                    .toList();
            for (SseClient client : clients) {
                client.expect("{\"n\":300,");
                assertThat(client.frames("event")).isEqualTo(events);
            }
            server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
            for (SseClient client : clients) {
                assertThat(client.awaitEnd().expect("goaway")).contains("\"code\":4409");
            }
            assertThat(socket.closeCode()).isEqualTo(4409);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
        }
    }

    @Test
    void aClientThatGivesUpItsStreamIsGoneAndTheConnectionGoesOn() throws Exception {
        SseClient one = SseClient.open(this.http2, server.http(PATH));
        one.expect("\"joined\"");
        try (SseClient two = SseClient.open(this.http2, server.http(PATH))) {
            two.expect("\"joined\"");
            one.close();
            await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
            server.publish(ROOM, RECOVERABLE, "{\"n\":1,\"x\":0}");
            two.expect("{\"n\":1,");
        }
    }

    @Test
    void aStreamThatIsNotReadIsCutAndOthersOfItsConnectionAreNot() throws Exception {
        ConnectionProvider one = ConnectionProvider.create("one", 1);
        try {
            reactor.netty.http.client.HttpClient client = reactor.netty.http.client.HttpClient.create(one)
                    .protocol(HttpProtocol.H2C)
                    // Much less than the connection's own.
                    .http2Settings(settings -> settings.initialWindowSize(8_192))
                    .baseUrl("http://localhost:" + server.port);
            CountDownLatch ended = new CountDownLatch(1);
            BaseSubscriber<String> stopped = new BaseSubscriber<>() {
                @Override
                protected void hookOnSubscribe(Subscription subscription) {
                    request(1);
                }

                @Override
                protected void hookOnError(Throwable cut) {
                    ended.countDown();
                }
            };
            client.get().uri(PATH).responseContent().asString().subscribe(stopped);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
            StringBuffer seen = new StringBuffer();
            client.get().uri(PATH).responseContent().asString().subscribe(seen::append, end -> {});
            await().atMost(PATIENCE).until(() -> seen.indexOf("\"joined\"") >= 0);
            String text = "x".repeat(20_000);
            for (int n = 1; n <= 200; n++) {
                server.publish(ROOM, DeliveryClass.STANDARD, "{\"n\":" + n + ",\"t\":\"" + text + "\"}")
                        .receipt()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS);
                if (n % 10 == 0) {
                    String last = "{\"n\":" + n + ",";
                    await().atMost(PATIENCE).until(() -> seen.indexOf(last) >= 0);
                }
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
            assertThat(server.closes().count(1013)).isEqualTo(1);
            server.publish(ROOM, RECOVERABLE, "{\"n\":201,\"x\":0}");
            await().atMost(PATIENCE).until(() -> seen.indexOf("{\"n\":201,") >= 0);
            stopped.request(Long.MAX_VALUE);
            assertThat(ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } finally {
            one.dispose();
        }
    }

    @Test
    void pollsAndSendsAreRequestsLikeOthers() throws Exception {
        PollClient polls = new PollClient(this.http2, server.http("/realtime/poll?room=project:1"));
        polls.pollUntil("\"joined\"");
        HttpResponse<String> sent = this.http2.send(
                HttpRequest.newBuilder(server.http("/realtime/send"))
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"type\":\"publish\",\"id\":7,\"room\":\"project:1\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(sent.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(sent.body()).startsWith("{\"type\":\"ack\",\"id\":7,");
        polls.pollUntil("\"hi\"");
    }

    @Test
    void aHandshakeInAStreamIsToldToUpgradeAConnection() throws Exception {
        HttpResponse<String> answer = this.http2.send(
                HttpRequest.newBuilder(server.http("/realtime/ws"))
                        .header("Sec-WebSocket-Version", "13")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(answer.statusCode()).isEqualTo(426);
    }

    /** RFC 8441 is not offered, so the client is told before it asks. */
    @Test
    void aWebSocketThatWouldBeAStreamFailsAndTheNextOneHasItsConnection() {
        ConnectionProvider one = ConnectionProvider.create("one", 1);
        try {
            reactor.netty.http.client.HttpClient client = reactor.netty.http.client.HttpClient.create(one)
                    .protocol(HttpProtocol.H2C)
                    .baseUrl("http://localhost:" + server.port);
            Throwable failure = client.websocket()
                    .uri("/realtime/ws")
                    .handle((in, out) -> in.receive().then())
                    .then(Mono.<Throwable>empty())
                    .onErrorResume(Mono::just)
                    .block(PATIENCE);
            assertThat(failure).isInstanceOf(WebSocketClientHandshakeException.class);
            assertThat(server.connections().size()).isZero();
            assertThat(client.get()
                            .uri("/realtime/info")
                            .response()
                            .map(response -> response.status().code())
                            .block(PATIENCE))
                    .isEqualTo(200);
        } finally {
            one.dispose();
        }
        try (TestClient socket = server.client()) {
            assertThat(server.connections().size()).isEqualTo(1);
        }
    }
}
