package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** WebFlux where the server is a servlet container: everything goes through ordinary sessions and responses. */
@ServletServerTest
class ReactiveOnServletContainersIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ROOM = "project:1";
    private static final RoutingKey KEY = RoutingKey.room(ROOM);

    private static RealtimeServer start() {
        return RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, ReactiveServletContainer.class),
                ReactiveServletContainer.REACTIVE,
                "realtime.queue.max-bytes=256KB",
                "realtime.websocket.send-timeout=3s",
                // Jetty lets go of the socket of who was cut only when nothing has moved on it for so long.
                // Heartbeats keep who reads.
                TestServer.current().idleTimeout(Duration.ofSeconds(5)),
                "realtime.heartbeat.interval=1s");
    }

    private static void publish(RealtimeServer server, int n, String text) throws Exception {
        server.publish(KEY, DeliveryClass.STANDARD, "{\"n\":" + n + ",\"t\":\"" + text + "\"}")
                .receipt()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @EnumSource
    void aMemberIsAnsweredGetsEveryEventInOrderAndTheCodeOfItsEnd(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start();
                TransportClient one = kind.join(server, ROOM, null);
                TransportClient two = kind.join(server, ROOM, null)) {
            one.expect("\"joined\"");
            two.expect("\"joined\"");
            assertThat(one.publish("{\"type\":\"publish\",\"id\":7,\"room\":\"" + ROOM
                            + "\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}"))
                    .startsWith("{\"type\":\"ack\",\"id\":7,");
            two.expect("\"hi\"");
            for (int n = 1; n <= 200; n++) {
                publish(server, n, "x".repeat(n));
            }
            for (TransportClient client : List.of(one, two)) {
                client.expect("{\"n\":200,");
                assertThat(client.events()).hasSize(201);
                for (int n = 1; n <= 200; n++) {
                    assertThat(client.events().get(n)).contains("{\"n\":" + n + ",");
                }
            }
            server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
            assertThat(one.ended()).isEqualTo(4409);
            assertThat(two.ended()).isEqualTo(4409);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"WEBSOCKET", "SSE"})
    void whoStopsReadingIsCutAndNobodyElseNotices(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start();
                TransportClient healthy = kind.join(server, ROOM, null)) {
            healthy.expect("\"joined\"");
            try (AutoCloseable stopped = kind.stopped(server, ROOM)) {
                String text = "x".repeat(20_000);
                for (int n = 1; n <= 400; n++) {
                    publish(server, n, text);
                    // Well below what the queue of somebody who reads may hold.
                    if (n % 5 == 0) {
                        healthy.expect("{\"n\":" + n + ",");
                    }
                }
                assertThat(healthy.events()).hasSize(400);
                await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
                server.closes().expect(1013, 1);
                await().atMost(PATIENCE).until(() -> server.sockets() <= 1);
            }
        }
    }
}
