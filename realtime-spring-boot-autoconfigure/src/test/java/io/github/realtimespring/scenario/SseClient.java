package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;

/** A reader of event streams on the JDK's own HTTP client, that does what the standard says an {@code EventSource} does. */
final class SseClient implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What {@code onmessage} sees. */
    record Message(String id, String data) {}

    private final HttpResponse<InputStream> response;
    private final List<Message> messages = new CopyOnWriteArrayList<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile long retry = -1;
    private volatile String lastEventId = "";

    private SseClient(HttpResponse<InputStream> response) {
        this.response = response;
    }

    static SseClient open(URI uri, String... headers) throws Exception {
        return open(HttpClient.newHttpClient(), uri, headers);
    }

    static SseClient open(HttpClient http, URI uri, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).header("Accept", "text/event-stream");
        for (String header : headers) {
            int colon = header.indexOf(':');
            request.header(
                    header.substring(0, colon), header.substring(colon + 1).trim());
        }
        SseClient client = new SseClient(http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream()));
        if (client.status() == 200) {
            Thread reader = new Thread(client::read, "sse-client");
            reader.setDaemon(true);
            reader.start();
        }
        return client;
    }

    private void read() {
        StringBuilder data = new StringBuilder();
        try (InputStream in = new BufferedInputStream(decoded(), 64 << 10)) {
            for (String line = line(in); line != null; line = line(in)) {
                int colon = line.indexOf(':');
                if (line.isEmpty()) {
                    if (!data.isEmpty()) {
                        data.setLength(data.length() - 1);
                        this.messages.add(new Message(this.lastEventId, data.toString()));
                    }
                    data.setLength(0);
                } else if (colon != 0) {
                    String field = colon < 0 ? line : line.substring(0, colon);
                    String value = colon < 0 ? "" : line.substring(colon + 1);
                    field(field, value.startsWith(" ") ? value.substring(1) : value, data);
                }
            }
        } catch (IOException ended) {
            // as a lost connection looks
        } finally {
            this.ended.countDown();
        }
    }

    private InputStream decoded() throws IOException {
        return "gzip".equals(header("Content-Encoding"))
                ? new GZIPInputStream(this.response.body())
                : this.response.body();
    }

    private void field(String field, String value, StringBuilder data) {
        switch (field) {
            case "data" -> data.append(value).append('\n');
            case "id" -> this.lastEventId = value.indexOf('\0') < 0 ? value : this.lastEventId;
            case "retry" -> this.retry = Long.parseLong(value);
            default -> {}
        }
    }

    private int pushedBack = -1;

    /** A line ends with LF, CR or both. */
    private String line(InputStream in) throws IOException {
        java.io.ByteArrayOutputStream line = new java.io.ByteArrayOutputStream();
        int c = this.pushedBack >= 0 ? this.pushedBack : in.read();
        this.pushedBack = -1;
        if (c < 0) {
            return null;
        }
        for (; c >= 0 && c != '\n' && c != '\r'; c = in.read()) {
            line.write(c);
        }
        if (c == '\r') {
            int next = in.read();
            this.pushedBack = next == '\n' ? -1 : next;
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    int status() {
        return this.response.statusCode();
    }

    HttpClient.Version version() {
        return this.response.version();
    }

    String header(String name) {
        return this.response.headers().firstValue(name).orElse(null);
    }

    /** The whole body of a response that is no stream. */
    String body() throws IOException {
        assertThat(status()).isNotEqualTo(200);
        return new String(this.response.body().readAllBytes(), StandardCharsets.UTF_8);
    }

    long retry() {
        return this.retry;
    }

    /** What the next request would say. */
    String lastEventId() {
        return this.lastEventId;
    }

    List<Message> messages() {
        return this.messages;
    }

    List<String> frames() {
        return this.messages.stream().map(Message::data).toList();
    }

    List<String> frames(String type) {
        return frames().stream()
                .filter(frame -> frame.startsWith("{\"type\":\"" + type + '"'))
                .toList();
    }

    /** Waits for a frame that contains {@code part}. */
    String expect(String part) {
        await().atMost(PATIENCE)
                .until(() -> frames().stream().anyMatch(frame -> frame.contains(part)) || this.ended.getCount() == 0);
        return frames().stream()
                .filter(frame -> frame.contains(part))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + part + " in " + frames()));
    }

    SseClient awaitEnd() throws InterruptedException {
        assertThat(this.ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("the stream ends")
                .isTrue();
        return this;
    }

    boolean isOpen() {
        return this.ended.getCount() > 0;
    }

    @Override
    public void close() throws IOException {
        this.response.body().close();
    }
}
