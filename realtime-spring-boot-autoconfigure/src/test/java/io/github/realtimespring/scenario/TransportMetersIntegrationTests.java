package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An operator sees each transport by its name, the same on every server. */
@ServerTest
class TransportMetersIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:1");
    private static final List<String> TRANSPORTS = List.of("websocket", "sse", "poll");

    @Test
    void whatIsMeasuredOfAConnectionNamesItsTransport() throws Exception {
        try (RealtimeServer server =
                        RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class));
                TestClient webSocket = server.client();
                SseClient stream = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            MeterRegistry meters = server.bean(MeterRegistry.class);
            webSocket.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
            webSocket.expect("\"joined\"");
            stream.expect("\"joined\"");
            PollClient poll = new PollClient(server.http("/realtime/poll?room=project:1"));
            poll.pollUntil("\"joined\"");
            assertThat(server.connections().size()).isEqualTo(3);

            CompletableFuture<PollClient.Answer> waiting = poll.pollAsync("20s");
            server.publish(ROOM, DeliveryClass.STANDARD, "{\"n\":1,\"x\":0}");
            webSocket.expect("{\"n\":1,");
            stream.expect("{\"n\":1,");
            assertThat(waiting.get(20, TimeUnit.SECONDS).frames("event")).hasSize(1);

            for (String transport : TRANSPORTS) {
                await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                    assertThat(gauge(meters, "realtime.connections", transport)).isEqualTo(1);
                    assertThat(gauge(meters, "realtime.queue.messages", transport))
                            .isZero();
                    assertThat(meters.get("realtime.queue.time")
                                    .tag("transport", transport)
                                    .timer()
                                    .count())
                            .as(transport)
                            .isPositive();
                    assertThat(count(meters, "realtime.fanout.bytes", transport))
                            .as(transport)
                            .isGreaterThan(100);
                });
                assertThat(count(
                                meters,
                                "realtime.connections.opened",
                                transport,
                                "outcome",
                                "accepted",
                                "reason",
                                "none"))
                        .as(transport)
                        .isEqualTo(1);
            }

            for (Connection connection : server.connections()) {
                connection.close(CloseReason.FORBIDDEN);
            }
            for (String transport : TRANSPORTS) {
                await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                    assertThat(gauge(meters, "realtime.connections", transport)).isZero();
                    assertThat(count(
                                    meters,
                                    "realtime.connections.closed",
                                    transport,
                                    "code",
                                    "4403",
                                    "initiator",
                                    "server"))
                            .as(transport)
                            .isEqualTo(1);
                    assertThat(meters.get("realtime.connections.duration")
                                    .tag("transport", transport)
                                    .timer()
                                    .count())
                            .as(transport)
                            .isEqualTo(1);
                });
            }
            assertThat(meters.find("realtime.connections").gauges())
                    .extracting(meter -> meter.getId().getTag("transport"))
                    .containsExactlyInAnyOrderElementsOf(TRANSPORTS);
        }
    }

    private static double gauge(MeterRegistry meters, String name, String transport) {
        return meters.get(name).tag("transport", transport).gauge().value();
    }

    private static double count(MeterRegistry meters, String name, String transport, String... tags) {
        return meters.get(name).tag("transport", transport).tags(tags).counter().count();
    }
}
