package io.github.realtimespring.test;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.connection.GapReason;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ObjectAssert;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * One connection of a test: sends the frames that a client sends and expects the frames that it receives.
 *
 * <p>What is published goes to the room that was joined last, or to the one named by {@link #in}. Each expectation takes
 * the oldest frame it fits and that no other took, so events of different names may be expected in any order. A failure
 * shows everything that was received.
 *
 * @since 0.1.0
 */
public final class RealtimeTestClient {

    private final TestSession session;
    private final Supplier<TestSession> again;
    private final @Nullable String room;

    RealtimeTestClient(TestSession session, Supplier<TestSession> again, @Nullable String room) {
        this.session = session;
        this.again = again;
        this.room = room;
    }

    /**
     * The id that the server gave to the connection.
     *
     * @throws AssertionError if the connection was refused
     */
    public ConnectionId id() {
        JsonNode welcome = this.session.inbox().first("welcome");
        if (welcome == null) {
            throw this.session.failure("has no id, because the connection was refused");
        }
        return new ConnectionId(welcome.path("connection").asString());
    }

    /** The same connection, in one of its rooms: what is sent goes there, and only events of it are expected. */
    public RealtimeTestClient in(String room) {
        return new RealtimeTestClient(this.session, this.again, Objects.requireNonNull(room, "room"));
    }

    /** The same connection, whose expectations wait for at most {@code timeout}. */
    public RealtimeTestClient within(Duration timeout) {
        return new RealtimeTestClient(this.session.within(timeout), this.again, this.room);
    }

    /** Joins a room; the result waits for the answer. */
    public JoinResult join(String room) {
        return join(room, null);
    }

    /** Joins a room with data for its access rule and its state handler; the result waits for the answer. */
    public JoinResult join(String room, @Nullable Object data) {
        ObjectNode frame = this.session.frame("join").put("room", room);
        if (data != null) {
            frame.set("data", this.session.json(data));
        }
        return joining(room, frame);
    }

    /**
     * Joins a room from a place in its stream, as a client that was away; the result waits for the answer. If the server
     * still has everything since then, it follows.
     */
    public JoinResult resume(String room, Cursor since) {
        return joining(room, this.session.frame("join").put("room", room).put("since", since.toString()));
    }

    private JoinResult joining(String room, ObjectNode frame) {
        this.session.joining(room);
        return new JoinResult(this.session, this.session.request(frame), room);
    }

    /** The newest place in the room's stream that this connection was told; {@code null} if it was told none. */
    public @Nullable Cursor cursor() {
        String cursor = this.session.inbox().lastCursor(room());
        return cursor == null ? null : Cursor.parse(cursor).orElse(null);
    }

    /**
     * Leaves the room and waits for the answer.
     *
     * @throws AssertionError if there is none
     */
    public RealtimeTestClient leave() {
        String room = room();
        long id = this.session.request(this.session.frame("leave").put("room", room));
        JsonNode answer = this.session.answer(id, "the leave of " + room);
        if (!Inbox.isOf(answer, "left")) {
            throw this.session.failure("expected to leave " + room + ", but the answer was " + answer);
        }
        return this;
    }

    /** Publishes an event without data; the result waits for the answer. */
    public PublishResult publish(String event) {
        return publish(event, null);
    }

    /** Publishes an event; the result waits for the answer. */
    public PublishResult publish(String event, @Nullable Object data) {
        long id = this.session.request(publication(event, data));
        return new PublishResult(this.session, id, event);
    }

    /** Publishes an event under an idempotency key; the result waits for the answer. */
    public PublishResult publishOnce(String key, String event, @Nullable Object data) {
        long id = this.session.request(publication(event, data).put("key", key));
        return new PublishResult(this.session, id, event);
    }

    /** Publishes an event that is not answered. */
    public RealtimeTestClient send(String event) {
        return send(event, null);
    }

    /** Publishes an event that is not answered. */
    public RealtimeTestClient send(String event, @Nullable Object data) {
        this.session.send(publication(event, data));
        return this;
    }

    private ObjectNode publication(String event, @Nullable Object data) {
        ObjectNode frame = this.session.frame("publish").put("room", room()).put("event", event);
        if (data != null) {
            frame.set("data", this.session.json(data));
        }
        return frame;
    }

    /** Sends a text message as it is. */
    public RealtimeTestClient sendText(String text) {
        this.session.connection().send(text);
        return this;
    }

    private String room() {
        String room = this.room == null ? this.session.lastRoom() : this.room;
        if (room == null) {
            throw new IllegalStateException(this.session + " has joined no room; join one or name one with in(…)");
        }
        return room;
    }

    /** Expects an event and hands out its data for further assertions. */
    public ObjectAssert<JsonNode> expectEvent(String event) {
        return expectEvent(event, JsonNode.class);
    }

    /**
     * Expects an event and hands out its data for further assertions.
     *
     * @throws AssertionError if it does not come in time, or its data is of another form
     */
    public <T> ObjectAssert<T> expectEvent(String event, Class<T> type) {
        String what = "event '" + event + "'" + where();
        JsonNode frame = this.session.expect(
                candidate -> Inbox.isOf(candidate, "event")
                        && event.equals(candidate.path("event").asString(""))
                        && isHere(candidate),
                what);
        T data = this.session.read(frame.path("data"), type, "the data of " + what);
        return Assertions.assertThat(data).as("%s: %s", this.session, what);
    }

    /**
     * Expects that no event and no gap came but those that were expected. Waits until the application is at rest, see
     * {@link RealtimeTester#awaitIdle}, not for a span of time.
     */
    public RealtimeTestClient expectNoMoreEvents() {
        this.session.awaitIdle();
        if (this.session
                .inbox()
                .hasUntaken(frame -> (Inbox.isOf(frame, "event") || Inbox.isOf(frame, "gap")) && isHere(frame))) {
            throw this.session.failure("expected no more events" + where() + ", but there are some");
        }
        return this;
    }

    /** Expects the declaration that events were lost. */
    public RealtimeTestClient expectGap(GapReason reason) {
        this.session.expect(
                frame -> Inbox.isOf(frame, "gap")
                        && reason.wireName().equals(frame.path("reason").asString(""))
                        && isHere(frame),
                "a gap '" + reason.wireName() + "'" + where());
        return this;
    }

    /** Expects that the server ends a membership by itself, such as with {@code evicted}. */
    public RealtimeTestClient expectLeft(String code) {
        this.session.expect(
                frame -> Inbox.isOf(frame, "left")
                        && code.equals(frame.path("code").asString(""))
                        && isHere(frame),
                "left '" + code + "'" + where());
        return this;
    }

    /** Expects the announcement that the connection will be closed, such as {@code draining}. */
    public RealtimeTestClient expectGoaway(String reason) {
        this.session.expect(
                frame -> Inbox.isOf(frame, "goaway")
                        && reason.equals(frame.path("reason").asString("")),
                "goaway '" + reason + "'");
        return this;
    }

    /** Expects that the server closes the connection with a close code. */
    public void expectClosed(int code) {
        int actual = this.session.expectClosed();
        if (actual != code) {
            throw this.session.failure("expected close code " + code + ", but it was " + actual);
        }
    }

    private boolean isHere(JsonNode frame) {
        return this.room == null || this.room.equals(frame.path("room").asString(""));
    }

    private String where() {
        return this.room == null ? "" : " in " + this.room;
    }

    /** Reads nothing from now on, as a client that is too slow: what is sent to it waits in its queue. */
    public RealtimeTestClient stopReading() {
        this.session.connection().stopReading();
        return this;
    }

    /** Reads what waits and goes on reading. */
    public RealtimeTestClient resumeReading() {
        this.session.connection().resumeReading();
        return this;
    }

    /** Ends the connection from the client's side. */
    public void disconnect() {
        this.session.connection().disconnect();
    }

    /**
     * Connects once more, in the same way and as the same client: the server goes on with its idempotency keys. This
     * connection ends, if it has not; rooms are joined by the test, see {@link #resume}.
     *
     * @return the new connection
     */
    public RealtimeTestClient reconnect() {
        disconnect();
        TestSession session = this.again.get();
        JsonNode welcome = this.session.inbox().first("welcome");
        if (welcome != null) {
            session.send(session.frame("hello")
                    .put("session", welcome.path("session").asString()));
        }
        return new RealtimeTestClient(session, this.again, this.room);
    }

    @Override
    public String toString() {
        return "RealtimeTestClient[" + this.session + "]";
    }
}
