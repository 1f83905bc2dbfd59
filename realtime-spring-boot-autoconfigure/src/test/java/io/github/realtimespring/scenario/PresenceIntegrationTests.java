package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is in a room, over each transport. */
@ServerTest
class PresenceIntegrationTests {

    private static final String ALICE = basic("alice");
    private static final String BOB = basic("bob");

    private static RealtimeServer start(String... properties) {
        List<String> all =
                new java.util.ArrayList<>(List.of("realtime.presence.debounce=50ms", "realtime.presence.grace=200ms"));
        all.addAll(List.of(properties));
        return RealtimeServer.start(
                List.of(
                        HttpSecurityIntegrationTests.Users.class,
                        HttpSecurityIntegrationTests.Basic.class,
                        HttpProjects.class),
                all.toArray(String[]::new));
    }

    private static String basic(String user) {
        String credentials = user + ":secret";
        return "Authorization: Basic "
                + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void watchersOnEveryTransportAreToldTheSame() throws Exception {
        try (RealtimeServer server = start();
                TestClient socket = server.client(ALICE)) {
            socket.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\",\"presence\":true}");
            socket.expect("\"joined\"");
            socket.expect("\"type\":\"presence\"");
            String both = "project:1&presence=project:1";
            try (TransportClient stream = TransportClient.Kind.SSE.join(server, both, null, ALICE);
                    TransportClient polls = TransportClient.Kind.POLL.join(server, both, null, ALICE);
                    TestClient bob = server.client(BOB)) {
                for (TransportClient tab : List.of(stream, polls)) {
                    assertThat(tab.expect("\"type\":\"joined\"")).contains("\"user\":\"alice\"", "\"count\":1");
                }
                bob.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
                String told = socket.expect("\"joined\":[{\"user\":\"bob\"");
                assertThat(stream.expect("\"joined\":[{\"user\":\"bob\"")).isEqualTo(told);
                assertThat(polls.expect("\"joined\":[{\"user\":\"bob\"")).isEqualTo(told);
                bob.send("{\"type\":\"presence\",\"room\":\"project:1\",\"state\":\"idle\"}");
                socket.expect("\"changed\":[{\"user\":\"bob\",\"state\":\"idle\"}]");
                bob.close();
                String left = socket.expect("\"left\":[\"bob\"]");
                assertThat(stream.expect("\"left\":[\"bob\"]")).isEqualTo(left);
                assertThat(polls.expect("\"left\":[\"bob\"]")).isEqualTo(left);
                assertThat(socket.frames())
                        .as("two more tabs")
                        .filteredOn(frame -> frame.contains("presence"))
                        .hasSize(4);
            }
        }
    }

    @Test
    void aStreamWatchesRoomsThatItIsNotIn() throws Exception {
        try (RealtimeServer server = start();
                SseClient stream =
                        SseClient.open(server.http("/realtime/sse?presence=project:1&presence=project:secret"), BOB);
                TransportClient polls = TransportClient.Kind.POLL.join(
                        server, "project:2&presence=project:1&presence=project:secret", null, BOB);
                TestClient socket = server.client(ALICE)) {
            assertThat(stream.expect("\"forbidden\"")).contains("project:secret");
            assertThat(polls.expect("\"forbidden\"")).contains("project:secret");
            assertThat(stream.expect("\"joined\""))
                    .contains("\"members\":[]", "\"version\":0")
                    .doesNotContain("cursor");
            polls.expect("\"room\":\"project:1\",\"version\"");
            socket.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
            String told = stream.expect("\"type\":\"presence\"");
            assertThat(told).contains("\"members\":[{\"user\":\"alice\",\"state\":\"online\"}]");
            assertThat(polls.expect("\"type\":\"presence\"")).isEqualTo(told);
        }
    }

    @Test
    void aReloadedPageIsNotSeen() throws Exception {
        try (RealtimeServer server = start(
                        "realtime.presence.grace=20s",
                        "realtime.heartbeat.interval=300ms",
                        "realtime.heartbeat.timeout=30s");
                TestClient watcher = server.client(ALICE)) {
            watcher.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\",\"presence\":\"only\"}");
            watcher.expect("\"joined\"");
            SseClient bob = SseClient.open(server.http("/realtime/sse?room=project:1"), BOB);
            watcher.expect("bob");
            bob.close();
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> server.connections().size() == 1);
            try (SseClient again = SseClient.open(server.http("/realtime/sse?room=project:1"), BOB)) {
                again.expect("\"joined\"");
                watcher.send("{\"type\":\"join\",\"id\":2,\"room\":\"project:1\"}");
                watcher.expect("\"joined\":[{\"user\":\"alice\"");
                assertThat(watcher.frames()).noneMatch(frame -> frame.contains("\"left\""));
            }
        }
    }
}
