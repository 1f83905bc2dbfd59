package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Two thousand clients come, talk and go, half of them without a word; then the books are compared. */
class ChurnIntegrationTests {

    private static final int WAVES = 10;
    private static final int CLIENTS = 200;
    private static final int BATCH = 20;
    private static final int ROOM_SIZE = 10;
    private static final int EVENTS = 3;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String CREDENTIALS =
            "Basic " + Base64.getEncoder().encodeToString("alice:secret".getBytes(StandardCharsets.UTF_8));

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void afterwardsEveryGaugeIsZeroAndEveryTotalIsWhatTheClientsCounted() throws Exception {
        try (ConfigurableApplicationContext context = SpringApplication.run(
                ChatApplication.class,
                "--server.port=0",
                "--realtime.inbound.first-join-timeout=2m",
                "--management.endpoints.web.exposure.include=realtime")) {
            int port = ((WebServerApplicationContext) context).getWebServer().getPort();
            Counts counts = new Counts();
            for (int wave = 0; wave < WAVES; wave++) {
                wave(port, wave, counts);
            }
            JsonNode summary = await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(100))
                    .until(
                            () -> summary(port),
                            now -> now.path("connections").path("websocket").asInt() == 0);

            int clients = WAVES * CLIENTS;
            assertThat(counts.joined).hasValue(clients);
            assertThat(counts.acks).hasValue(clients * EVENTS);
            assertThat(counts.events).hasValue(clients * EVENTS * ROOM_SIZE);
            assertThat(summary.path("users").asInt()).isZero();
            assertThat(summary.path("rooms").asInt()).isZero();
            assertThat(summary.path("memberships").asInt()).isZero();
            assertThat(summary.path("reverseMemberships").asInt()).isZero();
            assertThat(summary.path("inconsistencies").asInt()).isZero();
            assertThat(summary.path("queue").path("bytes").asInt()).isZero();
            assertThat(summary.path("queue").path("messages").asInt()).isZero();
            JsonNode totals = summary.path("totals");
            assertThat(totals.path("opened").asInt()).isEqualTo(clients);
            assertThat(totals.path("refused").asInt()).isZero();
            assertThat(totals.path("closed").path("1000").asInt()).isEqualTo(clients / 2);
            assertThat(totals.path("closed").path("1006").asInt()).isEqualTo(clients / 2);
            assertThat(totals.path("events").asInt()).isEqualTo(counts.acks.get());
            JsonNode outcomes = totals.path("outcomes");
            assertThat(outcomes.path("accepted").asInt()).isEqualTo(counts.events.get());
            assertThat(List.of("dropped", "coalesced", "closed", "stale"))
                    .allSatisfy(outcome ->
                            assertThat(outcomes.path(outcome).asInt()).isZero());
        }
    }

    private void wave(int port, int wave, Counts counts) throws Exception {
        List<WebSocket> sockets = new ArrayList<>();
        List<Client> clients = new ArrayList<>();
        while (sockets.size() < CLIENTS) {
            connect(port, counts, sockets, clients);
        }
        for (int i = 0; i < CLIENTS; i++) {
            send(sockets.get(i), "{\"type\":\"join\",\"id\":1,\"room\":\"%s\"}".formatted(room(wave, i)));
        }
        await().atMost(PATIENCE).until(() -> clients.stream().allMatch(client -> client.joined.get() == 1));
        for (int event = 0; event < EVENTS; event++) {
            for (int i = 0; i < CLIENTS; i++) {
                send(
                        sockets.get(i),
                        "{\"type\":\"publish\",\"id\":%d,\"room\":\"%s\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}"
                                .formatted(event + 2, room(wave, i)));
            }
        }
        await().atMost(PATIENCE)
                .until(() -> clients.stream()
                        .allMatch(client -> client.events.get() == EVENTS * ROOM_SIZE && client.acks.get() == EVENTS));
        for (int i = 0; i < CLIENTS; i++) {
            if (i % 2 == 0) {
                sockets.get(i).sendClose(1000, "");
            } else {
                sockets.get(i).abort();
            }
        }
        await().atMost(PATIENCE)
                .until(() -> summary(port).path("connections").path("websocket").asInt() == 0);
    }

    /** A batch at a time: a herd of two hundred handshakes on a cold server measures the machine. */
    private void connect(int port, Counts counts, List<WebSocket> sockets, List<Client> clients) throws Exception {
        List<CompletableFuture<WebSocket>> connecting = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            Client client = new Client(counts);
            clients.add(client);
            connecting.add(this.http
                    .newWebSocketBuilder()
                    .header("Authorization", CREDENTIALS)
                    .subprotocols("realtime.v1.json")
                    .buildAsync(URI.create("ws://localhost:" + port + "/realtime/ws"), client));
        }
        for (CompletableFuture<WebSocket> socket : connecting) {
            sockets.add(socket.get(60, TimeUnit.SECONDS));
        }
    }

    private static String room(int wave, int client) {
        return "project:" + (wave * 1000 + client / ROOM_SIZE);
    }

    private static void send(WebSocket socket, String frame) {
        socket.sendText(frame, true).join();
    }

    private JsonNode summary(int port) throws Exception {
        HttpResponse<String> answer = this.http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/actuator/realtime"))
                        .header("Authorization", CREDENTIALS)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        return JsonMapper.shared().readTree(answer.body());
    }

    private static final class Counts {

        private final AtomicInteger joined = new AtomicInteger();
        private final AtomicInteger acks = new AtomicInteger();
        private final AtomicInteger events = new AtomicInteger();
    }

    private static final class Client implements WebSocket.Listener {

        private final Counts counts;
        private final AtomicInteger joined = new AtomicInteger();
        private final AtomicInteger acks = new AtomicInteger();
        private final AtomicInteger events = new AtomicInteger();
        private final StringBuilder partial = new StringBuilder();

        Client(Counts counts) {
            this.counts = counts;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            this.partial.append(data);
            if (last) {
                this.partial.toString().lines().forEach(this::count);
                this.partial.setLength(0);
            }
            socket.request(1);
            return null;
        }

        private void count(String frame) {
            if (frame.startsWith("{\"type\":\"joined\"")) {
                this.counts.joined.incrementAndGet();
                this.joined.incrementAndGet();
            } else if (frame.startsWith("{\"type\":\"ack\"")) {
                this.counts.acks.incrementAndGet();
                this.acks.incrementAndGet();
            } else if (frame.startsWith("{\"type\":\"event\"")) {
                this.counts.events.incrementAndGet();
                this.events.incrementAndGet();
            }
        }
    }
}
