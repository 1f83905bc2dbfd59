package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A client that sends one request behind the other and reads no answer: the server takes what the buffers of the two
 * sockets hold and a little more, however much the client has, others do not notice, and nothing of it is left when it goes.
 */
@ServerTest
class PipelinedRequestsIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final RoutingKey ROOM = RoutingKey.room("project:1");

    /** Bytes that the client would send. */
    private static final long ALL = 96 << 20;

    /** What the kernel may hold of it on both ends, and as much again. */
    private static final long MOST = 32 << 20;

    /** What is asked for again and again; each request is padded, the answers are as large or never end. */
    enum Requests {
        STREAMS {
            @Override
            String request(RealtimeServer server) {
                return get("/realtime/sse?room=project:1");
            }
        },
        WAITING_POLLS {
            @Override
            String request(RealtimeServer server) throws Exception {
                PollClient client = new PollClient(server.http("/realtime/poll?room=project:1"));
                client.poll("0");
                return get("/realtime/poll?room=project:1&wait=25s&cursor=" + client.cursor());
            }
        },
        SENDS {
            @Override
            String request(RealtimeServer server) {
                return RawHttp.post(
                        "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"echo\",\"data\":{\"a\":\""
                                + "x".repeat(4_000) + "\"}}");
            }
        },
        FILES {
            @Override
            String request(RealtimeServer server) {
                return get("/realtime/client/realtime.js");
            }
        };

        abstract String request(RealtimeServer server) throws Exception;

        private static String get(String path) {
            return RawHttp.request("GET", path, "X-Padding: " + "x".repeat(4_000)) + "\r\n";
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoPipelinesAndDoesNotReadCostsItself(Requests requests) throws Exception {
        List<String> properties = new ArrayList<>(TestServer.current().fewThreads());
        // A stream that its client has left is noticed by the next heartbeat.
        properties.add("realtime.heartbeat.interval=500ms");
        properties.add("realtime.heartbeat.timeout=10m");
        properties.add("realtime.transports.long-poll.wait=2s");
        try (RealtimeServer server = RealtimeServer.start(
                        List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                        properties.toArray(String[]::new));
                TransportClient socket = TransportClient.Kind.WEBSOCKET.join(server, ROOM.id(), null);
                TransportClient stream = TransportClient.Kind.SSE.join(server, ROOM.id(), null);
                RawHttp client = RawHttp.open(server, 4096)) {
            socket.expect("\"joined\"");
            stream.expect("\"joined\"");
            AtomicLong taken = new AtomicLong();
            CompletableFuture<Void> sending = send(client, requests.request(server), taken);
            int published = 0;
            long before;
            do {
                before = taken.get();
                for (int i = 0; i < 20; i++) {
                    published++;
                    server.publish(ROOM, DeliveryClass.CRITICAL, "{\"n\":" + published + ",\"x\":0}")
                            .receipt()
                            .toCompletableFuture()
                            .get(10, TimeUnit.SECONDS);
                }
                socket.expect("{\"n\":" + published + ",");
                stream.expect("{\"n\":" + published + ",");
                pause(sending);
            } while (taken.get() > before);
            assertThat(taken.get()).as("bytes that the server took").isLessThan(MOST);
            assertThat(socket.events()).hasSize(published);
            assertThat(stream.events()).isEqualTo(socket.events());

            client.close();
            await().atMost(PATIENCE).until(sending::isDone);
            await().atMost(PATIENCE).until(() -> server.sockets() <= 3);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 2);
        }
    }

    /** Until everything is sent, or the server has closed the connection. */
    private static CompletableFuture<Void> send(RawHttp client, String request, AtomicLong taken) {
        byte[] bytes = request.getBytes(StandardCharsets.ISO_8859_1);
        return CompletableFuture.runAsync(() -> {
            try {
                while (taken.get() < ALL) {
                    client.write(bytes);
                    taken.addAndGet(bytes.length);
                }
            } catch (IOException closed) {
                // It was cut.
            }
        });
    }

    /** Long enough to see that the server takes no more. */
    private static void pause(CompletableFuture<Void> sending) throws Exception {
        try {
            sending.get(500, TimeUnit.MILLISECONDS);
        } catch (TimeoutException goesOn) {
            // It waits for the server.
        }
    }
}
