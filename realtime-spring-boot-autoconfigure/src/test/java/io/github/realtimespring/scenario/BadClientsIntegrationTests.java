package io.github.realtimespring.scenario;

import static io.github.realtimespring.scenario.RawWebSocket.FIN;
import static io.github.realtimespring.scenario.RawWebSocket.PING;
import static io.github.realtimespring.scenario.RawWebSocket.PONG;
import static io.github.realtimespring.scenario.RawWebSocket.TEXT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One member of a room behaves badly below the protocol, twenty do not: these get every event in order and keep their
 * connections, the bad one is cut by a bound or a deadline, and that is counted (SPEC §4, §15).
 */
@ServerTest
class BadClientsIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("busy");
    private static final int HEALTHY = 20;
    private static final int AHEAD = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    private static RealtimeServer server;
    private static ScheduledExecutorService background;
    private static List<TestClient> healthy;
    private static int published;

    interface Behaviour {
        void begin(RawWebSocket client) throws IOException;
    }

    @BeforeAll
    static void start() {
        server = RealtimeServer.start(
                "realtime.heartbeat.interval=500ms",
                "realtime.heartbeat.timeout=3s",
                "realtime.websocket.send-timeout=2s",
                "realtime.inbound.rate=50",
                "realtime.inbound.burst=100");
        background = Executors.newScheduledThreadPool(3);
        published = 0;
        healthy = new ArrayList<>();
        HttpClient http = HttpClient.newHttpClient();
        for (int i = 0; i < HEALTHY; i++) {
            healthy.add(TestClient.connect(http, server.ws()).forget().answerHeartbeats());
        }
        await().atMost(PATIENCE).until(() -> server.connections().size() == HEALTHY);
    }

    @AfterAll
    static void stop() {
        background.shutdownNow();
        server.close();
    }

    static Stream<Arguments> badClients() {
        return Stream.of(
                bad("reads one byte a second", 1013, 60_000, BadClientsIntegrationTests::readSlowly),
                bad("stops inside the header of a frame", 1001, 100, client -> {
                    readOn(client);
                    client.write(new byte[] {(byte) (FIN | TEXT)});
                }),
                bad("stops inside the payload of a frame", 1001, 100, client -> {
                    readOn(client);
                    client.frame(FIN | TEXT, true, 1_000, "{\"type\":".getBytes(StandardCharsets.UTF_8));
                }),
                bad("stops inside a message", 1001, 100, client -> {
                    readOn(client);
                    client.frame(TEXT, "{\"type\":".getBytes(StandardCharsets.UTF_8));
                }),
                bad("floods pongs", 1008, 100, client -> {
                    readOn(client);
                    flood(client, PONG);
                }),
                bad("floods pings", 1001, 100, client -> {
                    readOn(client);
                    flood(client, PING);
                }));
    }

    private static Arguments bad(String name, int code, int size, Behaviour behaviour) {
        return Arguments.of(name, code, size, behaviour);
    }

    @ParameterizedTest(name = "a client that {0}")
    @MethodSource("badClients")
    void aBadClientIsCutAndNobodyElseNotices(String name, int code, int size, Behaviour behaviour) throws Exception {
        double counted = counted(code);
        int cut = server.closes().count(code);
        try (RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", 4096)) {
            client.message();
            await().atMost(PATIENCE).until(() -> server.connections().size() == HEALTHY + 1);
            server.joinAll(ROOM);
            behaviour.begin(client);
            String padding = "x".repeat(size);
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> {
                publish(padding);
                return server.closes().count(code) == cut + 1;
            });
            publish(padding);
            for (TestClient member : healthy) {
                await().atMost(PATIENCE).until(() -> member.events() == published);
                assertThat(member.inOrder()).isEqualTo(published);
                assertThat(member.closed()).isFalse();
            }
            assertThat(server.connections().size()).isEqualTo(HEALTHY);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(counted(code)).isEqualTo(counted + 1));
            if (code == 1013) {
                // The container lets go of it although the peer holds its end.
                await().atMost(PATIENCE).until(() -> server.sockets() == HEALTHY);
            }
        }
        await().atMost(PATIENCE).until(() -> server.sockets() == HEALTHY);
    }

    /** Keeps step with the readers, so that nobody's queue is full for want of a fast machine. */
    private static void publish(String padding) throws Exception {
        published++;
        server.publish(ROOM, DeliveryClass.CRITICAL, "{\"n\":" + published + ",\"padding\":\"" + padding + "\"}")
                .receipt()
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .atMost(PATIENCE)
                .until(() -> healthy.stream().allMatch(member -> member.events() >= published - AHEAD));
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }

    private static double counted(int code) {
        return server
                .bean(MeterRegistry.class)
                .find("realtime.connections.closed")
                .tag("code", Integer.toString(code))
                .counters()
                .stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static void readSlowly(RawWebSocket client) {
        background.scheduleAtFixedRate(
                () -> {
                    try {
                        client.in().read();
                    } catch (IOException cut) {
                        throw new IllegalStateException("ends the schedule", cut);
                    }
                },
                1,
                1,
                TimeUnit.SECONDS);
    }

    private static void readOn(RawWebSocket client) {
        CompletableFuture.runAsync(
                () -> {
                    try {
                        client.closeCode();
                    } catch (IOException cut) {
                        // All that it is for is that the server can write.
                    }
                },
                background);
    }

    private static void flood(RawWebSocket client, int opcode) {
        CompletableFuture.runAsync(
                () -> {
                    try {
                        while (true) {
                            client.frame(FIN | opcode, new byte[] {1});
                        }
                    } catch (IOException cut) {
                        // The server has ended it.
                    }
                },
                background);
    }
}
