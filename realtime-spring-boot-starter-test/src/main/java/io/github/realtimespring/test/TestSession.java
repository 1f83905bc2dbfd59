package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** One client's connection with what it received: what {@link RealtimeTestClient} and its results share. */
final class TestSession {

    private final String name;
    private final TestServer server;
    private final TestConnection connection;
    private final Inbox inbox;
    private final JsonMapper mapper;
    private final Duration timeout;
    private final AtomicLong ids;
    private final AtomicReference<@Nullable String> lastRoom;

    TestSession(
            String name,
            TestServer server,
            TestConnection connection,
            Inbox inbox,
            JsonMapper mapper,
            Duration timeout) {
        this(name, server, connection, inbox, mapper, timeout, new AtomicLong(), new AtomicReference<>());
    }

    private TestSession(
            String name,
            TestServer server,
            TestConnection connection,
            Inbox inbox,
            JsonMapper mapper,
            Duration timeout,
            AtomicLong ids,
            AtomicReference<@Nullable String> lastRoom) {
        this.name = name;
        this.server = server;
        this.connection = connection;
        this.inbox = inbox;
        this.mapper = mapper;
        this.timeout = timeout;
        this.ids = ids;
        this.lastRoom = lastRoom;
    }

    /** The same session, whose expectations wait for another time. */
    TestSession within(Duration timeout) {
        return new TestSession(
                this.name, this.server, this.connection, this.inbox, this.mapper, timeout, this.ids, this.lastRoom);
    }

    TestConnection connection() {
        return this.connection;
    }

    Inbox inbox() {
        return this.inbox;
    }

    @Nullable
    String lastRoom() {
        return this.lastRoom.get();
    }

    void joining(String room) {
        this.lastRoom.set(room);
    }

    ObjectNode frame(String type) {
        return this.mapper.createObjectNode().put("type", type);
    }

    /** Sends a frame under an id of its own, which it returns. */
    long request(ObjectNode frame) {
        long id = this.ids.incrementAndGet();
        frame.put("id", id);
        send(frame);
        return id;
    }

    void send(ObjectNode frame) {
        this.connection.send(this.mapper.writeValueAsString(frame));
    }

    JsonNode json(@Nullable Object data) {
        return this.mapper.valueToTree(data);
    }

    /** Waits for the answer to a request. */
    JsonNode answer(long id, String what) {
        return expect(frame -> frame.path("id").asLong(0) == id && !Inbox.isOf(frame, "event"), "an answer to " + what);
    }

    JsonNode expect(Predicate<JsonNode> wanted, String what) {
        JsonNode frame = this.inbox.take(wanted, this.timeout);
        if (frame == null && this.inbox.ended() != null) {
            throw failure("expected " + what + ", but the connection has ended");
        }
        if (frame == null) {
            throw failure("expected " + what + " within " + seconds() + ", but it did not come");
        }
        return frame;
    }

    int expectClosed() {
        CloseReason reason = this.inbox.awaitClosed(this.timeout);
        if (reason == null) {
            String state = this.inbox.ended() == null ? "it is open" : "it did not";
            throw failure("expected the server to close the connection within " + seconds() + ", but " + state);
        }
        return reason.code();
    }

    /** Waits until nothing is on its way to any client. */
    void awaitIdle() {
        if (!this.server.awaitIdle(this.timeout)) {
            throw failure(
                    "expected handlers and deliveries to come to rest within " + seconds() + ", but they did not");
        }
    }

    /** A value out of a frame. */
    <T extends @Nullable Object> T read(JsonNode value, Class<T> type, String what) {
        try {
            return this.mapper.treeToValue(value, type);
        } catch (RuntimeException ex) {
            AssertionError failure =
                    failure("expected " + what + " to be a " + type.getSimpleName() + ", but it is " + value);
            failure.initCause(ex);
            throw failure;
        }
    }

    AssertionError failure(String message) {
        return new AssertionError(this.name + " " + message + ".\n" + this.inbox.describe());
    }

    private String seconds() {
        return this.timeout.toMillis() / 1000.0 + " s";
    }

    @Override
    public String toString() {
        return this.name;
    }
}
