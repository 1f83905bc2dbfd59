package io.github.realtimespring.scenario;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client that polls, on the JDK's own HTTP client. */
final class PollClient {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient http;
    private final String base;
    private final List<String> headers;
    private String cursor;

    /** @param base {@code …/realtime/poll?room=…} */
    PollClient(URI base, String... headers) {
        this(HttpClient.newHttpClient(), base, headers);
    }

    PollClient(HttpClient http, URI base, String... headers) {
        this.http = http;
        this.base = base.toString();
        this.headers = List.of(headers);
    }

    /** One answer. */
    record Answer(int status, String cursor, List<String> frames, String body, HttpResponse<String> response) {

        List<String> frames(String type) {
            return this.frames.stream()
                    .filter(frame -> frame.startsWith("{\"type\":\"" + type + '"'))
                    .toList();
        }
    }

    String cursor() {
        return this.cursor;
    }

    PollClient from(String cursor) {
        this.cursor = cursor;
        return this;
    }

    /** Polls once and goes on from there. */
    Answer poll(String wait) throws Exception {
        Answer answer = pollAsync(wait).get();
        if (answer.cursor() != null) {
            this.cursor = answer.cursor();
        }
        return answer;
    }

    /** Polls once; the cursor stays. */
    CompletableFuture<Answer> pollAsync(String wait) {
        String uri = this.base + "&wait=" + wait
                + (this.cursor == null ? "" : "&cursor=" + URLEncoder.encode(this.cursor, StandardCharsets.UTF_8));
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(uri));
        for (String header : this.headers) {
            int colon = header.indexOf(':');
            request.header(
                    header.substring(0, colon), header.substring(colon + 1).trim());
        }
        return this.http
                .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString())
                .thenApply(PollClient::answer);
    }

    private static Answer answer(HttpResponse<String> response) {
        List<String> frames = new ArrayList<>();
        String cursor = response.headers().firstValue("Realtime-Cursor").orElse(null);
        if (response.statusCode() == 200) {
            JsonNode body = JSON.readTree(response.body());
            cursor = body.get("cursor").stringValue();
            body.get("frames").forEach(frame -> frames.add(JSON.writeValueAsString(frame)));
        }
        return new Answer(response.statusCode(), cursor, frames, response.body(), response);
    }

    /** Polls until there is a frame that contains each of {@code parts}; everything that came. */
    List<String> pollUntil(String... parts) throws Exception {
        List<String> all = new ArrayList<>();
        for (int polls = 0; polls < 200; polls++) {
            Answer answer = poll("5s");
            if (answer.status() != 200 && answer.status() != 204) {
                throw new AssertionError(answer.status() + " " + answer.body());
            }
            all.addAll(answer.frames());
            if (Arrays.stream(parts).allMatch(part -> all.stream().anyMatch(frame -> frame.contains(part)))) {
                return all;
            }
        }
        throw new AssertionError("no " + List.of(parts) + " in " + all);
    }
}
