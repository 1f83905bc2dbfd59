package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.scenario.ServerTest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Two thousand clients come, talk and go; then the operator's numbers are what the clients counted. */
@ServerTest
class ChurnIntegrationTests {

    private static final int ROUNDS = 20;
    private static final int CLIENTS = 100;
    private static final int PUBLISHERS = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final HttpClient http = HttpClient.newHttpClient();

    private JsonNode call(String method, int port, String path) throws Exception {
        String credentials = Base64.getEncoder().encodeToString("alice:secret".getBytes());
        HttpResponse<String> response = this.http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/actuator/realtime" + path))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .header("Authorization", "Basic " + credentials)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    @Test
    void totalsEqualWhatTheClientsCountedAndNothingIsLeft() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        try (ConfigurableApplicationContext context = new SpringApplication(ChatApplication.class)
                .run(
                        "--server.port=0",
                        "--management.endpoints.web.exposure.include=realtime",
                        "--management.endpoint.realtime.access=unrestricted")) {
            int port = ((WebServerApplicationContext) context).getWebServer().getPort();
            long received = 0;
            Map<String, Long> closed = new TreeMap<>();
            for (int round = 0; round < ROUNDS; round++) {
                List<WebSocketClient> clients = new ArrayList<>();
                String room = "project:" + round;
                for (int i = 0; i < CLIENTS; i++) {
                    WebSocketClient client = new WebSocketClient(port, i % 10 == 0 ? "bob" : "alice");
                    client.send("{\"type\":\"join\",\"id\":1,\"room\":\"" + room + "\"}");
                    clients.add(client);
                }
                clients.forEach(client -> client.expect("\"joined\""));
                for (int i = 0; i < PUBLISHERS; i++) {
                    clients.get(random.nextInt(CLIENTS))
                            .send("{\"type\":\"publish\",\"id\":2,\"room\":\"" + room
                                    + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + i + "\"}}");
                }
                for (WebSocketClient client : clients) {
                    await().pollDelay(Duration.ZERO)
                            .pollInterval(Duration.ofMillis(10))
                            .atMost(PATIENCE)
                            .until(() -> events(client) == PUBLISHERS);
                    received += events(client);
                }
                call("DELETE", port, "/users/bob");
                for (int i = 0; i < CLIENTS; i++) {
                    WebSocketClient client = clients.get(i);
                    if (i % 10 == 0) {
                        closed.merge(Integer.toString(client.expectClose()), 1L, Long::sum);
                    } else if (i % 2 == 0) {
                        client.close();
                        closed.merge("1000", 1L, Long::sum);
                    } else {
                        client.abort();
                        closed.merge("1006", 1L, Long::sum);
                    }
                }
            }
            // A session is held a moment longer than its connection: until its @RoomLeft handlers have run.
            JsonNode summary = await().atMost(PATIENCE)
                    .until(
                            () -> call("GET", port, ""),
                            now -> now.get("connections").isEmpty()
                                    && now.get("drain").get("remaining").asInt() == 0);
            assertThat(summary.get("users").asInt()).as("seed %d", seed).isZero();
            assertThat(summary.get("rooms").asInt()).isZero();
            assertThat(summary.get("memberships").asLong()).isZero();
            assertThat(summary.get("reverseMemberships").asLong()).isZero();
            assertThat(summary.get("inconsistencies").asInt()).isZero();
            assertThat(summary.get("queue").get("bytes").asLong()).isZero();
            assertThat(summary.get("queue").get("messages").asLong()).isZero();
            JsonNode totals = summary.get("totals");
            assertThat(totals.get("opened").asLong()).isEqualTo(ROUNDS * CLIENTS);
            assertThat(totals.get("refused").asLong()).isZero();
            assertThat(totals.get("events").asLong()).isEqualTo(ROUNDS * PUBLISHERS);
            assertThat(totals.get("outcomes").get("accepted").asLong()).isEqualTo(received);
            assertThat(totals.get("outcomes").get("dropped").asLong()).isZero();
            assertThat(closed).containsOnlyKeys("1000", "1006", "4403");
            closed.forEach((code, count) ->
                    assertThat(totals.get("closed").get(code).asLong()).as(code).isEqualTo(count));
            assertThat(totals.get("closed").size()).isEqualTo(3);
        }
    }

    private static long events(WebSocketClient client) {
        return client.frames().stream()
                .filter(frame -> frame.contains("message.created"))
                .count();
    }
}
