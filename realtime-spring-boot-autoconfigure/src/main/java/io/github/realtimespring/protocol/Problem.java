package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an HTTP request is answered that cannot be served: {@code application/problem+json} with the protocol's error code
 * (PROTOCOL, long polling). Holds nothing of the request.
 *
 * @param status the HTTP status
 * @param code the error code
 * @param message what may be shown
 * @param retryable whether the same request may succeed later
 * @param retryAfter when to try again, or {@code null} if that is not known
 * @param details the fields at fault
 * @since 0.1.0
 */
public record Problem(
        int status,
        ErrorCode code,
        String message,
        boolean retryable,
        @Nullable Duration retryAfter,
        List<RealtimeException.Detail> details) {

    public static final String MEDIA_TYPE = "application/problem+json";

    public Problem {
        details = List.copyOf(details);
    }

    /** A problem with the status that goes with its code. */
    public static Problem of(ErrorCode code, String message) {
        return new Problem(code.httpStatus(), code, message, code.retryable(), null, List.of());
    }

    /** A problem with the status that goes with its code, and a time to try again. */
    public static Problem of(ErrorCode code, String message, Duration retryAfter) {
        return new Problem(code.httpStatus(), code, message, code.retryable(), retryAfter, List.of());
    }

    /** The problem that a failure with an answer stands for. */
    public static Problem of(RealtimeException failure) {
        return new Problem(
                failure.code().httpStatus(),
                failure.code(),
                failure.clientMessage(),
                failure.retryable(),
                failure.retryAfter(),
                failure.details());
    }

    /** The same problem with another status, where the protocol gives one to a situation. */
    public Problem withStatus(int status) {
        return new Problem(status, this.code, this.message, this.retryable, this.retryAfter, this.details);
    }

    /** The value of {@code Retry-After}, in whole seconds and at least one, or {@code null}. */
    public @Nullable String retryAfterSeconds() {
        return this.retryAfter == null ? null : Long.toString(Math.max(1, (this.retryAfter.toMillis() + 999) / 1000));
    }

    /** The body. */
    public byte[] json() {
        JsonBuffer json = new JsonBuffer(128)
                .field("status", this.status)
                .field("code", this.code.wireName())
                .field("detail", this.message)
                .field("retryable", this.retryable);
        if (this.retryAfter != null) {
            json.field("retryAfter", this.retryAfter.toMillis());
        }
        if (!this.details.isEmpty()) {
            json.openArray("details");
            for (RealtimeException.Detail detail : this.details) {
                json.open(null)
                        .field("field", detail.field())
                        .field("message", detail.message())
                        .close();
            }
            json.closeArray();
        }
        return json.end();
    }
}
