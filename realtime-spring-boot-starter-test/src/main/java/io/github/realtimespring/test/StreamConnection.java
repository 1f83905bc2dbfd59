package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.protocol.ClientHeaders;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A client without WebSocket (PROTOCOL, SSE, long polling, sending): a {@link RoomFeed} for each room it joins, a request
 * for each event it publishes, one after the other.
 *
 * <p>The monitor guards {@code reading} and is held for nothing else but waiting for it.
 */
final class StreamConnection implements TestConnection.Socket {

    private final HttpClient http;
    private final String base;
    private final ClientTransport transport;
    private final Map<String, List<String>> headers;
    private final Inbox inbox;
    private final JsonMapper mapper;
    private final Duration timeout;
    private final SendOrder sends = new SendOrder();
    private final Map<String, RoomFeed> feeds = new ConcurrentHashMap<>();
    /** Feeds that have a thread. */
    private final Set<RoomFeed> running = ConcurrentHashMap.newKeySet();

    private final Set<ConnectionId> endedIds = ConcurrentHashMap.newKeySet();
    private volatile @Nullable String session;
    private volatile boolean ended;
    private boolean reading = true;

    private StreamConnection(
            HttpClient http,
            String base,
            ClientTransport transport,
            Map<String, List<String>> headers,
            Inbox inbox,
            JsonMapper mapper,
            Duration timeout) {
        this.http = http;
        this.base = base;
        this.transport = transport;
        this.headers = headers;
        this.inbox = inbox;
        this.mapper = mapper;
        this.timeout = timeout;
    }

    /** Nothing is open before the first room; that there is a server which lets the client in is seen before that. */
    static StreamConnection open(
            HttpClient http,
            String base,
            ClientTransport transport,
            Map<String, List<String>> headers,
            Inbox inbox,
            JsonMapper mapper,
            Duration timeout) {
        StreamConnection connection = new StreamConnection(http, base, transport, headers, inbox, mapper, timeout);
        HttpRequest request = connection.request("/info").timeout(timeout).GET().build();
        try {
            HttpResponse<Void> answer = http.send(request, BodyHandlers.discarding());
            if (answer.statusCode() != 200) {
                throw ConnectFailedError.answered(request.uri(), answer, null);
            }
        } catch (IOException ex) {
            throw ConnectFailedError.unreachable(request.uri(), ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw ConnectFailedError.unreachable(request.uri(), ex);
        }
        return connection;
    }

    /** A request below the base path, as this client. */
    HttpRequest.Builder request(String pathAndQuery) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(this.base + pathAndQuery));
        this.headers.forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        if (this.session != null) {
            request.header(ClientHeaders.SESSION, this.session);
        }
        return request;
    }

    HttpClient http() {
        return this.http;
    }

    JsonMapper mapper() {
        return this.mapper;
    }

    @Override
    public void send(String text) {
        if (this.ended) {
            return;
        }
        JsonNode frame;
        try {
            frame = this.mapper.readTree(text);
        } catch (JacksonException malformed) {
            post("", text);
            return;
        }
        String room = frame.path("room").asString("");
        switch (frame.path("type").asString("")) {
            case "join" -> join(room, frame);
            case "leave" -> leave(room, frame);
            case "hello" -> this.session = frame.path("session").asString(null);
            default -> post(room, text);
        }
    }

    private void join(String room, JsonNode frame) {
        if (frame.has("data")) {
            throw new IllegalStateException("a join over " + this.transport + " has no data");
        }
        RoomFeed feed = new RoomFeed(
                this, room, frame.path("id").asLong(), frame.path("since").asString(null));
        RoomFeed before = this.feeds.put(room, feed);
        if (before != null) {
            before.end();
        }
        this.running.add(feed);
        feed.start(this.transport);
    }

    /** Called by the thread of a feed when it ends. */
    void finished(RoomFeed feed) {
        this.running.remove(feed);
    }

    private void leave(String room, JsonNode frame) {
        RoomFeed feed = this.feeds.get(room);
        if (feed != null) {
            feed.end();
        }
        arrived(this.mapper
                .createObjectNode()
                .put("type", "left")
                .put("room", room)
                .put("id", frame.path("id").asLong())
                .toString());
    }

    private void post(String room, String text) {
        HttpRequest.Builder request = request("/send")
                .timeout(this.timeout)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(text));
        RoomFeed feed = this.feeds.get(room);
        ConnectionId id = feed == null ? null : feed.id();
        if (id != null) {
            request.header(ClientHeaders.CONNECTION, id.toString());
        }
        if (!this.sends.awaitPlace(this.timeout)) {
            throw new AssertionError("the server takes no more of what this client sends");
        }
        this.sends.send(() -> this.http
                .sendAsync(request.build(), BodyHandlers.ofString())
                .whenComplete((answer, failure) -> answered(text, answer, failure)));
    }

    private void answered(String text, @Nullable HttpResponse<String> answer, @Nullable Throwable failure) {
        if (answer == null) {
            lost(Objects.requireNonNullElseGet(failure, IOException::new));
        } else if (answer.statusCode() == 200 || isFrame(answer.body())) {
            if (!answer.body().isEmpty()) {
                arrived(answer.body());
            }
        } else if (answer.statusCode() >= 300) {
            JsonNode frame = this.mapper.readTree(text);
            long id = frame.path("id").asLong(0);
            arrived(error(answer, answer.body(), frame.path("room").asString(""), id));
        }
    }

    private boolean isFrame(String body) {
        try {
            return Inbox.isOf(this.mapper.readTree(body), "error");
        } catch (JacksonException ex) {
            return false;
        }
    }

    /** The frame that a WebSocket would have got in place of this response. */
    String error(HttpResponse<?> answer, String body, String room, long id) {
        ObjectNode frame = this.mapper.createObjectNode().put("type", "error");
        if (id > 0) {
            frame.put("id", id);
        }
        JsonNode problem = this.mapper.createObjectNode();
        try {
            problem = this.mapper.readTree(body);
        } catch (JacksonException other) {
            // the page of somebody who knows nothing of realtime, such as a proxy
        }
        String code = switch (answer.statusCode()) {
            case 400 -> "bad-request";
            case 401 -> "unauthorized";
            case 403 -> "forbidden";
            case 404 -> "not-found";
            case 429 -> "rate-limited";
            case 503 -> "unavailable";
            default -> "internal";
        };
        frame.put("room", room).put("code", problem.path("code").asString(code));
        frame.put(
                "message",
                problem.path("detail")
                        .asString(answer.request().method() + " " + answer.uri().getPath() + " answered "
                                + answer.statusCode()));
        frame.put("retryable", problem.path("retryable").asBoolean(false));
        if (problem.has("details")) {
            frame.set("details", problem.path("details"));
        }
        return frame.toString();
    }

    /** Takes a frame; false if the connection has ended for that. */
    boolean arrived(String frame) {
        if (this.inbox.add(frame) == Inbox.Arrival.REFUSED) {
            end();
            return false;
        }
        return true;
    }

    /** The server has ended a feed, and so the client. */
    void closed(CloseReason reason) {
        if (!this.ended) {
            this.inbox.closed(reason);
            end();
        }
    }

    void lost(Throwable failure) {
        closed(new CloseReason(CloseReason.ABNORMAL.code(), "connection lost: " + failure, false));
    }

    /** The feed is over; called again when its connection becomes known afterwards. */
    void ended(RoomFeed feed) {
        synchronized (this) {
            notifyAll();
        }
        this.feeds.remove(feed.room(), feed);
        ConnectionId id = feed.id();
        if (id != null) {
            this.endedIds.add(id);
        }
    }

    private void end() {
        this.ended = true;
        resumeReading();
        this.feeds.values().forEach(RoomFeed::end);
    }

    @Override
    public synchronized void stopReading() {
        this.reading = false;
    }

    @Override
    public synchronized void resumeReading() {
        this.reading = true;
        notifyAll();
    }

    @Override
    public synchronized boolean isReading() {
        return this.reading;
    }

    /** Waits while the client does not read and has not ended the feed. */
    synchronized void awaitReading(RoomFeed feed) throws InterruptedException {
        while (!this.reading && !feed.isOver()) {
            wait();
        }
    }

    @Override
    public void disconnect() {
        this.inbox.disconnected();
        end();
    }

    @Override
    public boolean isEnded() {
        return this.ended;
    }

    @Override
    public Inbox inbox() {
        return this.inbox;
    }

    @Override
    public List<ConnectionId> ids() {
        return this.feeds.values().stream()
                .map(RoomFeed::id)
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
    }

    @Override
    public List<ConnectionId> endedIds() {
        return List.copyOf(this.endedIds);
    }

    @Override
    public boolean hasLateRequests() {
        return this.running.stream().anyMatch(RoomFeed::isOver);
    }

    /** Every request was answered. */
    @Override
    public boolean awaitSent(Duration timeout) {
        CompletableFuture<?> joins = CompletableFuture.allOf(
                this.feeds.values().stream().map(RoomFeed::answered).toArray(CompletableFuture<?>[]::new));
        return SendOrder.await(joins, timeout) && this.sends.awaitSent(timeout);
    }
}
