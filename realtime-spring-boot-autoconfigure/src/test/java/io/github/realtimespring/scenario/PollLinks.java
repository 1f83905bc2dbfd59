package io.github.realtimespring.scenario;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Clients that poll, on the JDK's HTTP client. Some answers are lost on their way: then the same is asked again. Who was
 * cut comes back to another node, which knows nothing but its position.
 */
final class PollLinks implements ResumeModel.Transport {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final AtomicLong seeds = new AtomicLong();
    private final URI uri;

    /** @param uri {@code …/realtime/poll} */
    PollLinks(URI uri) {
        this.uri = uri;
    }

    @Override
    public ResumeModel.Link open(String room, String since, Consumer<String> frames, Consumer<String> closed) {
        Polling polling = new Polling(this.uri + "?room=" + room, since, frames, closed);
        polling.next();
        return polling;
    }

    private final class Polling implements ResumeModel.Link {

        private final String base;
        private final Consumer<String> frames;
        private final Consumer<String> closed;
        private final Random random = new Random(PollLinks.this.seeds.incrementAndGet());
        private String cursor;
        private CompletableFuture<HttpResponse<String>> pending;
        private boolean stalled;
        private boolean owing;
        private boolean cut;

        Polling(String base, String cursor, Consumer<String> frames, Consumer<String> closed) {
            this.base = base;
            this.cursor = cursor;
            this.frames = frames;
            this.closed = closed;
        }

        private synchronized void next() {
            if (this.cut || this.stalled) {
                this.owing = true;
                return;
            }
            this.owing = false;
            String uri = this.cursor == null
                    ? this.base
                    : this.base + "&cursor=" + URLEncoder.encode(this.cursor, StandardCharsets.UTF_8);
            this.pending = PollLinks.this.http.sendAsync(
                    HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
            this.pending.whenComplete((answer, failure) -> {
                if (failure != null) {
                    this.closed.accept(failure.toString());
                } else {
                    answered(answer);
                }
            });
        }

        private void answered(HttpResponse<String> answer) {
            switch (answer.statusCode()) {
                case 200 -> {
                    if (this.random.nextInt(5) > 0) {
                        JsonNode body = JSON.readTree(answer.body());
                        body.get("frames").forEach(frame -> this.frames.accept(JSON.writeValueAsString(frame)));
                        this.cursor = body.get("cursor").stringValue();
                    }
                }
                case 204 ->
                    this.cursor = answer.headers().firstValue("Realtime-Cursor").orElseThrow();
                // It reads the state again and begins anew.
                case 410 -> this.cursor = null;
                default -> this.closed.accept("answered " + answer.statusCode() + " " + answer.body());
            }
            if (answer.statusCode() < 300 || answer.statusCode() == 410) {
                next();
            }
        }

        @Override
        public synchronized void stall(boolean stalled) {
            this.stalled = stalled;
            if (!stalled && this.owing) {
                next();
            }
        }

        @Override
        public synchronized void cut() {
            this.cut = true;
            if (this.pending != null) {
                this.pending.cancel(true);
            }
        }
    }
}
