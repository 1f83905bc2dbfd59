package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What a member of a room can rely on, whatever its transport and whatever the server. */
@ServerTest
@ExtendWith(TransportMatrix.class)
class TransportIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ROOM = "project:1";
    private static final RoutingKey KEY = RoutingKey.room(ROOM);

    /** Bytes that the queue of one may hold; 20 events of 20 KB are how far the publisher is ahead of a reader. */
    private static final int QUEUE = 1 << 20;

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    private static void publish(RealtimeServer server, int from, int to) throws Exception {
        for (int n = from; n <= to; n++) {
            server.publish(KEY, DeliveryClass.RECOVERABLE, "{\"n\":" + n + ",\"x\":0}")
                    .receipt()
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
        }
    }

    private static String say(String text) {
        return "{\"type\":\"publish\",\"id\":7,\"room\":\"" + ROOM
                + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + text + "\"}}";
    }

    @ParameterizedTest
    @EnumSource
    void joinsPublishesAndIsAnswered(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start();
                TransportClient one = kind.join(server, ROOM, null);
                TransportClient two = kind.join(server, ROOM, null)) {
            assertThat(one.expect("\"joined\"")).contains("\"room\":\"" + ROOM + "\"");
            two.expect("\"joined\"");
            assertThat(one.frames().get(0)).startsWith("{\"type\":\"welcome\"");
            TransportMatrix.passed(kind, TransportMatrix.Scenario.JOIN);

            String ack = one.publish(say("hi"));
            assertThat(ack).startsWith("{\"type\":\"ack\",\"id\":7,");
            TransportMatrix.passed(kind, TransportMatrix.Scenario.ACK);
            assertThat(two.expect("\"hi\"")).isEqualTo(one.expect("\"hi\""));
            assertThat(TransportClient.cursor(ack)).isEqualTo(TransportClient.cursor(one.expect("\"hi\"")));
            TransportMatrix.passed(kind, TransportMatrix.Scenario.PUBLISH);

            assertThat(one.publish(
                            "{\"type\":\"publish\",\"id\":8,\"room\":\"nowhere\",\"event\":\"echo\",\"data\":{}}"))
                    .contains("\"type\":\"error\"", "\"id\":8");
            try (TransportClient refused = kind.join(server, "project:secret", null)) {
                assertThat(refused.expect("project:secret")).contains("\"forbidden\"");
            }
            TransportMatrix.passed(kind, TransportMatrix.Scenario.ERROR);
        }
    }

    @ParameterizedTest
    @EnumSource
    void resumesWithoutAHoleOrIsTold(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start("realtime.history.size=50")) {
            String since;
            try (TransportClient first = kind.join(server, ROOM, null)) {
                since = TransportClient.cursor(first.expect("\"joined\""));
            }
            publish(server, 1, 40);
            try (TransportClient second = kind.join(server, ROOM, since)) {
                assertThat(second.expect("\"joined\"")).contains("\"recovered\":true", "\"replay\":40");
                second.expect("{\"n\":40,");
                publish(server, 41, 41);
                second.expect("{\"n\":41,");
                assertThat(second.events()).hasSize(41);
                for (int n = 1; n <= 41; n++) {
                    assertThat(second.events().get(n - 1)).contains("{\"n\":" + n + ",");
                }
            }
            TransportMatrix.passed(kind, TransportMatrix.Scenario.RESUME);

            publish(server, 42, 200);
            try (TransportClient late = kind.join(server, ROOM, since)) {
                if (kind == TransportClient.Kind.POLL) {
                    assertThat(late.expect("410")).startsWith("410 ");
                } else {
                    assertThat(late.expect("\"joined\"")).contains("\"recovered\":false");
                }
                assertThat(late.events()).isEmpty();
            }
            TransportMatrix.passed(kind, TransportMatrix.Scenario.GAP);
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsWithItsCredentials(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                        List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, Expiring.class));
                TransportClient lasting = kind.join(server, ROOM, null);
                TransportClient expiring = kind.join(server, ROOM, null, "X-Expires: soon")) {
            expiring.expect("\"joined\"");
            assertThat(expiring.ended()).isEqualTo(4401);
            lasting.publish(say("still here"));
            lasting.expect("still here");
            TransportMatrix.passed(kind, TransportMatrix.Scenario.EXPIRY);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isToldThatTheNodeGoesAway(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start();
                TransportClient one = kind.join(server, ROOM, null);
                TransportClient two = kind.join(server, ROOM, null)) {
            one.expect("\"joined\"");
            two.expect("\"joined\"");
            server.bean(Drain.class).start();
            for (TransportClient client : List.of(one, two)) {
                assertThat(client.expect("\"goaway\"")).contains("\"draining\"");
                assertThat(client.ended()).isEqualTo(1012);
            }
            TransportMatrix.passed(kind, TransportMatrix.Scenario.DRAIN);
        }
    }

    @ParameterizedTest
    @EnumSource
    void costsItselfWhenItStopsReading(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server =
                        start("realtime.transports.long-poll.wait=25s", "realtime.queue.max-bytes=" + QUEUE);
                AutoCloseable ignored = kind.stopped(server, ROOM);
                TransportClient healthy = TransportClient.Kind.SSE.join(server, ROOM, null)) {
            healthy.expect("\"joined\"");
            long waiting = 0;
            String text = "\"" + "x".repeat(20_000) + "\"";
            for (int i = 1; i <= 600; i++) {
                server.publish(KEY, DeliveryClass.CRITICAL, "{\"n\":" + i + ",\"t\":" + text + "}")
                        .receipt()
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS);
                for (Connection connection : server.connections()) {
                    waiting = Math.max(waiting, connection.queue().bytes());
                }
                if (i % 20 == 0) {
                    healthy.expect("{\"n\":" + i + ",");
                }
            }
            healthy.expect("{\"n\":600,");
            assertThat(healthy.events()).hasSize(600);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
            // Of 12 MB it held what a queue may.
            assertThat(waiting).isBetween(QUEUE / 2L, (long) QUEUE);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(server.count(
                                    "realtime.connections.closed",
                                    "transport",
                                    kind.label(),
                                    "code",
                                    "1013",
                                    "initiator",
                                    "server"))
                            .isEqualTo(1));
            await().atMost(PATIENCE).until(() -> server.gauge("realtime.queue.bytes") == 0);
            TransportMatrix.passed(kind, TransportMatrix.Scenario.SLOW_READER);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isLimited(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server =
                        start("realtime.inbound.rate=1", "realtime.inbound.burst=4", "realtime.connections.max=2");
                TransportClient one = kind.join(server, ROOM, null);
                TransportClient two = kind.join(server, ROOM, null)) {
            one.expect("\"joined\"");
            two.expect("\"joined\"");
            assertThat(server.connections().size()).isEqualTo(2);
            assertThat(HttpStatus.of(server, "/realtime/sse?room=" + ROOM)).isEqualTo(503);
            String answer = "";
            for (int i = 0; i < 6 && !answer.contains("rate-limited"); i++) {
                answer = one.publish(say("hi " + i).replace("\"id\":7", "\"id\":" + (20 + i)));
            }
            assertThat(answer).contains("\"rate-limited\"");
            TransportMatrix.passed(kind, TransportMatrix.Scenario.LIMITS);
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotSendWhatIsTooLarge(TransportClient.Kind kind) throws Exception {
        try (RealtimeServer server = start("realtime.websocket.max-frame-size=1KB");
                TransportClient other = kind.join(server, ROOM, null);
                TransportClient client = kind.join(server, ROOM, null)) {
            other.expect("\"joined\"");
            client.expect("\"joined\"");
            String large = say("x".repeat(2_000));
            if (kind == TransportClient.Kind.WEBSOCKET) {
                ((TransportClient.OnWebSocket) client).send(large);
                assertThat(client.ended()).isEqualTo(CloseReason.TOO_BIG.code());
            } else {
                assertThat(client.publish(large)).contains("\"too-large\"");
            }
            other.publish(say("small"));
            other.expect("\"small\"");
            assertThat(other.events()).hasSize(1);
            TransportMatrix.passed(kind, TransportMatrix.Scenario.TOO_LARGE);
        }
    }

    @Test
    void membersOfOneRoomGetTheSameEventsAndCursorsOnEveryTransport() throws Exception {
        try (RealtimeServer server = start();
                TransportClient socket = TransportClient.Kind.WEBSOCKET.join(server, ROOM, null);
                TransportClient stream = TransportClient.Kind.SSE.join(server, ROOM, null);
                TransportClient poll = TransportClient.Kind.POLL.join(server, ROOM, null)) {
            List<TransportClient> members = List.of(socket, stream, poll);
            members.forEach(member -> member.expect("\"joined\""));
            publish(server, 1, 300);
            members.forEach(member -> member.expect("{\"n\":300,"));
            assertThat(socket.events()).hasSize(300);
            assertThat(stream.events()).isEqualTo(socket.events());
            assertThat(poll.events()).isEqualTo(socket.events());
            for (TransportClient.Kind kind : TransportClient.Kind.values()) {
                TransportMatrix.passed(kind, TransportMatrix.Scenario.MIXED_ROOM);
            }
        }
    }

    /** The status that a request is answered with. */
    private static final class HttpStatus {

        static int of(RealtimeServer server, String path) throws Exception {
            try (SseClient client = SseClient.open(server.http(path))) {
                return client.status();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Expiring {

        @Bean
        HandshakeCustomizer expiring() {
            return (handshake, request) -> new Handshake(
                    handshake.principal(),
                    handshake.identity(),
                    null,
                    request.header("X-Expires") == null ? null : Instant.now().plusSeconds(3));
        }
    }
}
