package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One room of a client without WebSocket: a stream, or one poll after the other, read by a thread of its own. The answer
 * to the join has no id on these transports and gets that of the join here.
 */
final class RoomFeed {

    private final StreamConnection connection;
    private final String room;
    private final long join;
    private final CompletableFuture<@Nullable Void> answered = new CompletableFuture<>();
    private @Nullable String since;
    private volatile @Nullable ConnectionId id;
    private volatile @Nullable Closeable stream;
    private volatile boolean over;

    RoomFeed(StreamConnection connection, String room, long join, @Nullable String since) {
        this.connection = connection;
        this.room = room;
        this.join = join;
        this.since = since;
    }

    void start(ClientTransport transport) {
        Thread reader = new Thread(() -> read(transport), "realtime-tester-" + this.room);
        reader.setDaemon(true);
        reader.start();
    }

    String room() {
        return this.room;
    }

    /** The connection that the server has for this room; {@code null} before it has one. */
    @Nullable
    ConnectionId id() {
        return this.id;
    }

    /** Complete when the join was answered, or nothing will come. */
    CompletableFuture<@Nullable Void> answered() {
        return this.answered;
    }

    boolean isOver() {
        return this.over;
    }

    /**
     * Ends it from the client's side. A poll that is on its way is not taken back: a server that reads it later, when the
     * connection of its cursor is gone, opens another one, and only the answer says which.
     */
    void end() {
        this.over = true;
        this.connection.ended(this);
        Closeable stream = this.stream;
        if (stream != null) {
            close(stream);
        }
    }

    private static void close(Closeable stream) {
        try {
            stream.close();
        } catch (IOException ended) {
            // it is
        }
    }

    /** What {@link #end} ends from now on. */
    private void opened(Closeable stream) {
        this.stream = stream;
        if (this.over) {
            close(stream);
        }
    }

    private void read(ClientTransport transport) {
        try {
            if (transport == ClientTransport.SSE) {
                stream();
            } else {
                poll();
            }
            if (!this.over) {
                this.connection.closed(CloseReason.ABNORMAL);
            }
        } catch (IOException ex) {
            if (!this.over) {
                this.connection.lost(ex);
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        } finally {
            this.answered.complete(null);
            this.connection.finished(this);
        }
    }

    private String query() {
        String parameter = this.since == null ? this.room : this.room + '@' + this.since;
        return "?room=" + encoded(parameter);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private void stream() throws IOException, InterruptedException {
        HttpRequest request = this.connection
                .request("/sse" + query())
                .header("Accept", "text/event-stream")
                .build();
        HttpResponse<InputStream> response = this.connection.http().send(request, BodyHandlers.ofInputStream());
        opened(response.body());
        if (response.statusCode() != 200) {
            refused(response, new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
            return;
        }
        StringBuilder data = new StringBuilder();
        BufferedReader lines = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
        while (!this.over) {
            this.connection.awaitReading(this);
            String line = lines.readLine();
            if (line == null) {
                return;
            }
            if (line.startsWith("data:")) {
                data.append(line.substring("data:".length()).strip()).append('\n');
            } else if (line.isEmpty() && !data.isEmpty()) {
                // It may have stopped while the line was on its way.
                this.connection.awaitReading(this);
                for (String frame : data.toString().split("\n")) {
                    arrived(this.connection.mapper().readTree(frame));
                }
                data.setLength(0);
            }
        }
    }

    private void poll() throws IOException, InterruptedException {
        String cursor = null;
        while (!this.over) {
            this.connection.awaitReading(this);
            String position = cursor == null ? "" : "&cursor=" + encoded(cursor);
            HttpRequest request =
                    this.connection.request("/poll" + query() + position).build();
            HttpResponse<String> response = this.connection.http().send(request, BodyHandlers.ofString());
            this.connection.awaitReading(this);
            if (response.statusCode() == 204) {
                cursor = response.headers().firstValue("Realtime-Cursor").orElse(cursor);
            } else if (response.statusCode() == 410 && this.since != null) {
                // As a client does: it reloads the state and begins with what comes.
                this.since = null;
                cursor = null;
            } else if (response.statusCode() != 200) {
                refused(response, response.body());
                return;
            } else {
                JsonNode answer = this.connection.mapper().readTree(response.body());
                cursor = answer.path("cursor").asString();
                for (JsonNode frame : answer.path("frames")) {
                    arrived(frame);
                }
            }
        }
    }

    private void arrived(JsonNode frame) {
        JsonNode shown = frame;
        boolean refused = false;
        if (Inbox.isOf(frame, "welcome")) {
            this.id = new ConnectionId(frame.path("connection").asString());
            if (this.over) {
                this.connection.ended(this);
            }
        } else if (!this.answered.isDone()
                && this.room.equals(frame.path("room").asString(""))) {
            refused = Inbox.isOf(frame, "error");
            if (refused || Inbox.isOf(frame, "joined")) {
                shown = ((ObjectNode) frame).put("id", this.join);
            }
        }
        if (this.over || !this.connection.arrived(shown.toString())) {
            return;
        }
        if (shown.path("id").asLong(0) == this.join) {
            this.answered.complete(null);
        }
        if (refused) {
            end();
        } else if (Inbox.isOf(frame, "goaway") && frame.has("code")) {
            int code = frame.path("code").asInt();
            this.connection.closed(new CloseReason(code, frame.path("reason").asString(""), false));
        }
    }

    /** The request was answered by something else than frames: before the join it is its answer. */
    private void refused(HttpResponse<?> response, String body) {
        if (this.over) {
            return;
        }
        if (this.answered.isDone()) {
            this.connection.closed(new CloseReason(
                    CloseReason.ABNORMAL.code(), "a poll was answered " + response.statusCode(), false));
            return;
        }
        end();
        this.connection.arrived(this.connection.error(response, body, this.room, this.join));
    }
}
