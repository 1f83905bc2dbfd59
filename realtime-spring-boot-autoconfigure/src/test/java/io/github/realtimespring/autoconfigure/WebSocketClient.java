package io.github.realtimespring.autoconfigure;

import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The JDK's WebSocket client, with what it received. */
final class WebSocketClient implements WebSocket.Listener {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final List<String> frames = new CopyOnWriteArrayList<>();
    private final StringBuilder partial = new StringBuilder();
    private final WebSocket socket;
    private volatile int closeCode;
    private volatile boolean answersHeartbeats = true;

    WebSocketClient(int port, String user) throws Exception {
        String credentials = Base64.getEncoder().encodeToString((user + ":secret").getBytes(StandardCharsets.UTF_8));
        this.socket = HTTP.newWebSocketBuilder()
                .header("Authorization", "Basic " + credentials)
                .subprotocols("realtime.v1.json")
                .buildAsync(URI.create("ws://localhost:" + port + "/realtime/ws"), this)
                .get(20, TimeUnit.SECONDS);
    }

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
        this.partial.append(data);
        if (last) {
            this.frames.addAll(Arrays.asList(this.partial.toString().split("\n")));
            boolean ping = this.partial.indexOf("\"type\":\"ping\"") >= 0;
            this.partial.setLength(0);
            if (ping && this.answersHeartbeats) {
                webSocket.sendText("{\"type\":\"pong\"}", true);
            }
        }
        webSocket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
        this.closeCode = statusCode;
        return null;
    }

    void send(String frame) {
        this.socket.sendText(frame, true).join();
    }

    /** Waits for a frame that has all of the parts. */
    String expect(String... parts) {
        return await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .atMost(PATIENCE)
                .until(
                        () -> this.frames.stream()
                                .filter(frame -> Arrays.stream(parts).allMatch(frame::contains))
                                .findFirst()
                                .orElse(null),
                        found -> found != null);
    }

    /** From now on it says nothing by itself. */
    void fallSilent() {
        this.answersHeartbeats = false;
    }

    int expectClose() {
        return await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(10))
                .atMost(PATIENCE)
                .until(() -> this.closeCode, code -> code != 0);
    }

    /** Cuts the connection without a close frame. */
    void abort() {
        this.socket.abort();
    }

    void close() {
        this.socket.sendClose(1000, "").join();
    }

    List<String> frames() {
        return this.frames;
    }
}
