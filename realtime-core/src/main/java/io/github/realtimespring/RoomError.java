package io.github.realtimespring;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The error that application code answers a client with: thrown by a handler, or returned by an exception handler. It
 * goes to the client as it is (SPEC §8).
 *
 * @since 0.1.0
 */
public final class RoomError extends RealtimeException {

    private static final long serialVersionUID = 1L;

    private RoomError(
            ErrorCode code, String message, boolean retryable, @Nullable Duration retryAfter, List<Detail> details) {
        super(code, message, retryable, retryAfter, details, null);
    }

    public static RoomError of(ErrorCode code, String message) {
        return new RoomError(code, message, code.retryable(), null, List.of());
    }

    public static RoomError conflict(String message) {
        return of(ErrorCode.CONFLICT, message);
    }

    public static RoomError forbidden(String message) {
        return of(ErrorCode.FORBIDDEN, message);
    }

    public static RoomError notFound(String message) {
        return of(ErrorCode.NOT_FOUND, message);
    }

    public static RoomError badRequest(String message) {
        return of(ErrorCode.BAD_REQUEST, message);
    }

    public static RoomError invalidPayload(String message, Detail... details) {
        return new RoomError(ErrorCode.INVALID_PAYLOAD, message, false, null, List.of(details));
    }

    /** The same error, with the hint that a repeat after {@code delay} may succeed. */
    public RoomError retryAfter(Duration delay) {
        return new RoomError(code(), clientMessage(), true, delay, details());
    }
}
