package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What one client may take, on each way in, and that nobody else pays for more (SPEC §15). */
@ServerTest
class LimitsIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    private static String leave(int id) {
        return "{\"type\":\"leave\",\"id\":" + id + ",\"room\":\"project:1\"}";
    }

    @Test
    void aFloodOfFramesIsRateLimitedAndThenEndsItsConnection() throws Exception {
        try (RealtimeServer server = start("realtime.inbound.rate=1", "realtime.inbound.burst=20");
                TestClient other = server.client();
                RawWebSocket flooder = server.raw()) {
            other.send(leave(1));
            for (int id = 1; id <= 25; id++) {
                flooder.text(leave(id));
            }
            // Refusals do not wait for what is worked on.
            List<String> answers = new ArrayList<>();
            while (answers.size() < 26) {
                answers.addAll(List.of(flooder.message().split("\n")));
            }
            assertThat(answers.stream().filter(answer -> answer.contains("\"left\"")))
                    .hasSizeGreaterThanOrEqualTo(20);
            assertThat(answers.stream().filter(answer -> answer.contains("\"code\":\"rate-limited\"")))
                    .isNotEmpty()
                    .allMatch(answer -> answer.contains("\"retryAfter\":"));
            try {
                for (int id = 26; id <= 70; id++) {
                    flooder.text(leave(id));
                }
            } catch (IOException closed) {
                // It was enough already.
            }
            assertThat(flooder.closeCode()).isEqualTo(1008);
            await().atMost(PATIENCE).until(() -> server.closes().count(1008) == 1);
            other.send(leave(2));
            assertThat(other.expect("\"id\":2")).contains("\"left\"");
        }
    }

    @Test
    void aFloodOfPollsIsRateLimitedAndItsConnectionGoesOn() throws Exception {
        try (RealtimeServer server = start("realtime.inbound.rate=1", "realtime.inbound.burst=5")) {
            PollClient flooder = new PollClient(server.http("/realtime/poll?room=project:1"));
            PollClient other = new PollClient(server.http("/realtime/poll?room=project:1"));
            flooder.poll("0");
            other.poll("0");
            PollClient.Answer answer = flooder.poll("0");
            for (int i = 0; i < 10 && answer.status() == 204; i++) {
                answer = flooder.poll("0");
            }
            assertThat(answer.status()).isEqualTo(429);
            assertThat(answer.body()).contains("\"rate-limited\"");
            assertThat(answer.response().headers().firstValue("Retry-After")).hasValue("1");
            assertThat(other.poll("0").status()).isEqualTo(204);
            assertThat(server.connections().size()).isEqualTo(2);
            await().atMost(PATIENCE).until(() -> flooder.poll("0").status() == 204);
        }
    }

    /** Each is there for a while, although nobody holds it: whoever opens them without end would have all there may be. */
    @Test
    void aFloodOfFirstPollsIsRateLimitedAndPollsGoOn() throws Exception {
        try (RealtimeServer server = start("realtime.inbound.rate=1", "realtime.inbound.burst=5")) {
            PollClient before = new PollClient(server.http("/realtime/poll?room=project:1"));
            before.poll("0");
            RawHttp.Answer answer = RawHttp.get(server, "/realtime/poll?room=project:1&wait=0");
            for (int i = 0; i < 10 && answer.status() == 200; i++) {
                answer = RawHttp.get(server, "/realtime/poll?room=project:1&wait=0");
            }
            assertThat(answer.status()).isEqualTo(429);
            assertThat(answer.body()).contains("\"rate-limited\"");
            assertThat(answer.header("Retry-After")).isEqualTo("1");
            assertThat(server.connections().size()).isBetween(5, 8);
            assertThat(before.poll("0").status()).isEqualTo(204);
        }
    }

    @Test
    void aConnectionHasSoManyRooms() throws Exception {
        try (RealtimeServer server = start("realtime.rooms.max-per-connection=3")) {
            try (RawWebSocket client = server.raw()) {
                for (int id = 1; id <= 4; id++) {
                    client.text("{\"type\":\"join\",\"id\":" + id + ",\"room\":\"project:" + id + "\"}");
                    assertThat(client.answer(id)).contains(id <= 3 ? "\"joined\"" : "\"code\":\"limit\"");
                }
                client.text("{\"type\":\"leave\",\"id\":5,\"room\":\"project:1\"}");
                client.answer(5);
                client.text("{\"type\":\"join\",\"id\":6,\"room\":\"project:4\"}");
                assertThat(client.answer(6)).contains("\"joined\"");
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            for (String path : List.of("/realtime/sse?", "/realtime/poll?wait=0&")) {
                RawHttp.Answer four = RawHttp.get(server, path + rooms(4));
                assertThat(four.status()).as(path).isEqualTo(429);
                assertThat(four.body()).as(path).contains("\"limit\"");
                // Of one stream, whatever a connection may have.
                assertThat(RawHttp.get(server, path + rooms(9)).status())
                        .as(path)
                        .isEqualTo(400);
            }
            assertThat(server.connections().size()).isZero();
            for (String path : List.of("/realtime/sse?", "/realtime/poll?wait=0&")) {
                assertThat(RawHttp.get(server, path + rooms(3)).status())
                        .as(path)
                        .isEqualTo(200);
            }
        }
    }

    private static String rooms(int rooms) {
        return IntStream.rangeClosed(1, rooms)
                .mapToObj(n -> "room=project:" + n)
                .reduce((one, two) -> one + "&" + two)
                .orElseThrow();
    }

    /** Over HTTP: {@link HttpSecurityIntegrationTests}. */
    @Test
    void aUserHasSoManyConnectionsAlsoOverWebSockets() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(HttpSecurityIntegrationTests.Users.class, HttpSecurityIntegrationTests.Basic.class),
                "realtime.connections.per-user=1")) {
            try (RawWebSocket first = server.raw(basic("alice"))) {
                assertThat(first.message()).contains("\"welcome\"");
                try (RawWebSocket second = server.raw(basic("alice"))) {
                    assertThat(second.status()).isEqualTo(101);
                    assertThat(second.closeCode()).isEqualTo(4429);
                }
                try (RawWebSocket other = server.raw(basic("bob"))) {
                    assertThat(other.message()).contains("\"user\":\"bob\"");
                }
                first.text(leave(1));
                assertThat(first.answer(1)).contains("\"left\"");
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            try (RawWebSocket again = server.raw(basic("alice"))) {
                assertThat(again.message()).contains("\"welcome\"");
            }
        }
    }

    private static String basic(String user) {
        return "Authorization: Basic "
                + Base64.getEncoder().encodeToString((user + ":secret").getBytes(StandardCharsets.UTF_8));
    }

    /** Heads are the server's to bound; nothing of ours sees one that is too large. */
    @Test
    void aHeadThatIsTooLargeIsRefusedByTheServer() throws Exception {
        try (RealtimeServer server = start()) {
            String large = "x".repeat(100_000);
            for (String path : List.of("/realtime/ws", "/realtime/sse", "/realtime/poll", "/realtime/send")) {
                for (String request : List.of(
                        RawHttp.request("GET", path + "?room=" + large) + "\r\n",
                        RawHttp.request("GET", path, "X-Large: " + large) + "\r\n",
                        RawHttp.request("GET", path, "Cookie: a=" + large) + "\r\n")) {
                    try (RawHttp client = RawHttp.open(server)) {
                        assertThat(statusOf(client, request))
                                .as(request.substring(0, 60))
                                .isIn(0, 400, 413, 414, 431);
                    }
                }
            }
            assertThat(server.connections().size()).isZero();
            assertThat(RawHttp.get(server, "/realtime/info").status()).isEqualTo(200);
        }
    }

    /** 0 where the server closes before it was told everything, and the answer is lost with that. */
    private static int statusOf(RawHttp client, String request) {
        try {
            client.write(request);
            return client.read().status();
        } catch (IOException closed) {
            return 0;
        }
    }
}
