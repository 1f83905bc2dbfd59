package io.github.realtimespring.test;

import io.github.realtimespring.ErrorCode;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The answer to a publish, for which every method here waits.
 *
 * @since 0.1.0
 */
public final class PublishResult {

    private final TestSession session;
    private final long id;
    private final String event;
    private @Nullable JsonNode answer;

    PublishResult(TestSession session, long id, String event) {
        this.session = session;
        this.id = id;
        this.event = event;
    }

    /** Expects the acknowledgement. */
    public AckResult assertAcked() {
        JsonNode answer = frame();
        if (!Inbox.isOf(answer, "ack")) {
            throw this.session.failure(
                    "expected '" + this.event + "' to be acknowledged, but the answer was " + answer);
        }
        return new AckResult(this.session, answer, this.event);
    }

    /** Expects an error, with a code such as {@code invalid-payload}. */
    public ErrorResult assertError(String code) {
        JsonNode answer = frame();
        if (!Inbox.isOf(answer, "error") || !code.equals(answer.path("code").asString(""))) {
            throw this.session.failure(
                    "expected '" + this.event + "' to fail with '" + code + "', but the answer was " + answer);
        }
        return ErrorResult.of(answer);
    }

    /** Expects an error. */
    public ErrorResult assertError(ErrorCode code) {
        return assertError(code.wireName());
    }

    /** The frame that answered. */
    public JsonNode frame() {
        JsonNode answer = this.answer;
        if (answer == null) {
            answer = this.session.answer(this.id, "'" + this.event + "'");
            this.answer = answer;
        }
        return answer;
    }
}
