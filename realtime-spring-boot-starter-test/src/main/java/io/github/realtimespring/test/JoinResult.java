package io.github.realtimespring.test;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ObjectAssert;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The answer to a join, for which every method here waits.
 *
 * @since 0.1.0
 */
public final class JoinResult {

    private final TestSession session;
    private final long id;
    private final String room;
    private @Nullable JsonNode answer;

    JoinResult(TestSession session, long id, String room) {
        this.session = session;
        this.id = id;
        this.room = room;
    }

    /** Expects that the room was joined. */
    public JoinResult assertJoined() {
        JsonNode answer = frame();
        if (!Inbox.isOf(answer, "joined")) {
            throw this.session.failure("expected to join " + this.room + ", but the answer was " + answer);
        }
        return this;
    }

    /** Expects that the room was joined and hands out {@code joined.state} for further assertions. */
    public <T> ObjectAssert<T> state(Class<T> type) {
        String what = "the state of " + this.room;
        T state = assertJoined().session.read(frame().path("state"), type, what);
        return Assertions.assertThat(state).as("%s: %s", this.session, what);
    }

    /**
     * Expects that the room was joined with everything since the cursor of {@link RealtimeTestClient#resume}: those
     * events follow.
     */
    public JoinResult assertRecovered() {
        if (!assertJoined().frame().path("recovered").asBoolean(false)) {
            throw this.session.failure("expected " + this.room + " to be recovered, but the answer was " + frame());
        }
        return this;
    }

    /** Expects that the room was joined, but that nothing of before follows. */
    public JoinResult assertNotRecovered() {
        if (assertJoined().frame().path("recovered").asBoolean(false)) {
            throw this.session.failure("expected " + this.room + " not to be recovered, but the answer was " + frame());
        }
        return this;
    }

    /** The position in the room's stream at which it was joined; {@code null} if it has none. */
    public @Nullable Cursor cursor() {
        String cursor = assertJoined().frame().path("cursor").asString(null);
        return cursor == null ? null : Cursor.parse(cursor).orElse(null);
    }

    /** Expects that the join was refused, with an error code such as {@code forbidden}. */
    public ErrorResult assertRejected(String code) {
        JsonNode answer = frame();
        if (!Inbox.isOf(answer, "error") || !code.equals(answer.path("code").asString(""))) {
            throw this.session.failure("expected the join of " + this.room + " to be refused with '" + code
                    + "', but the answer was " + answer);
        }
        return ErrorResult.of(answer);
    }

    /** Expects that the join was refused. */
    public ErrorResult assertRejected(ErrorCode code) {
        return assertRejected(code.wireName());
    }

    /** The frame that answered. */
    public JsonNode frame() {
        JsonNode answer = this.answer;
        if (answer == null) {
            answer = this.session.answer(this.id, "the join of " + this.room);
            this.answer = answer;
        }
        return answer;
    }
}
