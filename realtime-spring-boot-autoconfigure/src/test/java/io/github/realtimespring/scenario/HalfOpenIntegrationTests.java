package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Sends;
import io.github.realtimespring.webflux.RealtimeSendHandler;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Clients that begin a request of any kind and do not go on: they are no connections, hold no thread, keep nobody out, and
 * end when the server's own patience does. Reactor Netty has none unless it is told to: {@code docs/operations.md}.
 */
@ServerTest
class HalfOpenIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Of each kind; more than there are threads. */
    private static final int EACH = 10;

    private static String post(String... headers) {
        return RawHttp.request("POST", "/realtime/send", headers);
    }

    private static final String JSON = "Content-Type: application/json";

    private static final List<String> HALVES = List.of(
            "",
            "GE",
            "GET /realtime/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgr",
            RawHttp.request("GET", "/realtime/sse?room=project:1", "Accept: text/event-stream"),
            RawHttp.request("GET", "/realtime/poll?room=project:1&wait=25s") + "\r",
            post(JSON, "Content-Length: 70") + "\r\n",
            post(JSON, "Content-Length: 70") + "\r\n{\"type\":",
            post(JSON, "Content-Length: 70", "Expect: 100-continue") + "\r\n",
            post(JSON, "Transfer-Encoding: chunked") + "\r\n46\r\n{");

    /** Refused before the body has come. */
    private static final List<String> REFUSED = List.of(
            post(JSON, "Content-Length: 60000", "Origin: https://evil.example") + "\r\n{",
            post("Content-Type: text/plain", "Content-Length: 60000") + "\r\n{",
            post("Content-Type: text/plain", "Transfer-Encoding: chunked") + "\r\n1\r\n{\r\n",
            post(JSON, "Content-Length: 100000") + "\r\n{",
            post(JSON, "Content-Length: 10000000") + "\r\n{",
            post(JSON, "Content-Length: 100000", "Expect: 100-continue") + "\r\n",
            RawHttp.request("PUT", "/realtime/send", JSON, "Content-Length: 60000") + "\r\n{");

    /**
     * Tomcat waits for the body of a request that was answered without it, with a thread, as it does at every path of an
     * application, and for no longer than its own patience.
     */
    private static final List<String> ELSEWHERE =
            List.of(RawHttp.request("POST", "/realtime/poll", "Content-Length: 60000") + "\r\n{");

    private static RealtimeServer start(List<Class<?>> more, String... properties) {
        List<Class<?>> configurations = new ArrayList<>(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class));
        configurations.addAll(more);
        List<String> all = new ArrayList<>(TestServer.current().fewThreads());
        // A client is closed when its last poll is answered.
        all.add("realtime.transports.long-poll.wait=1s");
        // A stream that its client has left is noticed by the next heartbeat.
        all.addAll(List.of("realtime.heartbeat.interval=500ms", "realtime.heartbeat.timeout=10m"));
        all.addAll(List.of(properties));
        return RealtimeServer.start(configurations, all.toArray(String[]::new));
    }

    private static List<RawHttp> begin(RealtimeServer server, List<String> kinds) throws IOException {
        List<RawHttp> halves = new ArrayList<>();
        for (int i = 0; i < EACH; i++) {
            for (String half : kinds) {
                RawHttp client = RawHttp.open(server);
                client.write(half);
                halves.add(client);
            }
        }
        return halves;
    }

    private static void end(List<RawHttp> halves) throws IOException {
        for (RawHttp half : halves) {
            half.close();
        }
    }

    @Test
    void halfRequestsHoldNoThreadsAndAreNoConnections() throws Exception {
        try (RealtimeServer server = start(List.of())) {
            List<RawHttp> halves = begin(server, HALVES);
            await().atMost(PATIENCE).until(() -> server.sockets() >= halves.size());
            for (TransportClient.Kind kind : TransportClient.Kind.values()) {
                try (TransportClient client = kind.join(server, "project:1", null)) {
                    client.expect("\"joined\"");
                    assertThat(client.publish("{\"type\":\"publish\",\"id\":7,\"room\":\"project:1\",\"event\":"
                                    + "\"message.send\",\"data\":{\"text\":\"hi\"}}"))
                            .startsWith("{\"type\":\"ack\"");
                    client.expect("\"hi\"");
                    assertThat(server.connections().size()).isLessThanOrEqualTo(kind.ordinal() + 1);
                }
            }
            end(halves);
            // What is left is the other clients'.
            await().atMost(PATIENCE).until(() -> server.sockets() < EACH);
        }
    }

    /** Nor do they wait long: a client that goes on sending for two seconds and a megabyte is answered when it is done. */
    @Test
    void refusedRequestsHoldNoThreadsForTheRestOfTheirBodies() throws Exception {
        try (RealtimeServer server = start(List.of(), TestServer.current().idleTimeout(Duration.ofMinutes(5)))) {
            List<RawHttp> halves = begin(server, REFUSED);
            for (RawHttp half : halves) {
                assertThat(finalStatus(half.timeout(20_000))).isIn(400, 403, 405, 413);
            }
            assertThat(RawHttp.get(server, "/realtime/info").status()).isEqualTo(200);
            if (TestServer.current() != TestServer.NETTY) {
                // Reactor Netty would take the rest, to use the connection again; no thread waits there.
                await().atMost(PATIENCE).until(() -> server.sockets() <= 1);
            }
            end(halves);
        }
    }

    /** Tomcat tells every client that asks, before anybody else has seen the request, that it may send. */
    private static int finalStatus(RawHttp client) throws IOException {
        RawHttp.Answer answer = client.read();
        return answer.status() == 100 ? client.read().status() : answer.status();
    }

    /** Tomcat ends connections after 400 and 413 whatever has come. */
    @Test
    void aConnectionGoesOnAfterARefusalWhoseBodyCame() throws Exception {
        try (RealtimeServer server = start(List.of());
                RawHttp client = RawHttp.open(server)) {
            for (int length : List.of(2, 60_000)) {
                client.write(post(JSON, "Content-Length: " + length, "Origin: https://evil.example") + "\r\n"
                        + "x".repeat(length));
                assertThat(client.read().status()).isEqualTo(403);
                client.write(RawHttp.request("GET", "/realtime/info") + "\r\n");
                assertThat(client.read().status()).isEqualTo(200);
            }
        }
    }

    @Test
    void halfRequestsEndWithThePatienceOfTheServer() throws Exception {
        List<Class<?>> more = TestServer.current() == TestServer.NETTY ? List.of(ImpatientSends.class) : List.of();
        try (RealtimeServer server = start(more, TestServer.current().idleTimeout(Duration.ofSeconds(1)))) {
            List<String> kinds =
                    Stream.of(HALVES, REFUSED, ELSEWHERE).flatMap(List::stream).toList();
            List<RawHttp> halves = begin(server, kinds);
            for (int i = 0; i < halves.size(); i++) {
                // It may be told that it was too slow, or why it was refused.
                try {
                    while (halves.get(i).timeout(15_000).readByte() >= 0) {
                        continue;
                    }
                } catch (SocketTimeoutException forever) {
                    throw new AssertionError("still open: " + kinds.get(i % kinds.size()), forever);
                } catch (IOException reset) {
                    // as good an end as any
                }
            }
            await().atMost(PATIENCE).until(() -> server.sockets() == 0);
            assertThat(server.connections().size()).isZero();
            assertThat(RawHttp.get(server, "/realtime/info").status()).isEqualTo(200);
            end(halves);
        }
    }

    /** Reactor Netty waits for bodies as long as we do: half a minute longer than a handler may take. */
    @Configuration(proxyBeanMethods = false)
    static class ImpatientSends {

        @Bean
        RealtimeSendHandler impatientSends(Handshakes handshakes, Sends sends) {
            Duration patience = Duration.ofSeconds(1);
            return new RealtimeSendHandler(handshakes, sends, patience, patience, ForkJoinPool.commonPool());
        }
    }
}
