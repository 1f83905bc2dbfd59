package io.github.realtimespring;

import java.util.Locale;

/**
 * The error codes of the protocol, the same on every transport (PROTOCOL, {@code code}).
 *
 * @since 0.1.0
 */
public enum ErrorCode {
    /** A configured limit of the connection is reached. */
    LIMIT(false, 429),
    /** The frame or a name in it is not well formed. */
    BAD_REQUEST(false, 400),
    /** There are no valid credentials. */
    UNAUTHORIZED(false, 401),
    /** The access rule said no. */
    FORBIDDEN(false, 403),
    /** No room pattern or no handler matches. */
    NOT_FOUND(false, 404),
    /** The connection is not in that room. */
    NOT_JOINED(false, 409),
    /** The payload could not be read or is not valid. */
    INVALID_PAYLOAD(false, 422),
    /** The application's state does not allow it. */
    CONFLICT(false, 409),
    /** The frame or payload is larger than allowed. */
    TOO_LARGE(false, 413),
    /** More frames than the rate allows. */
    RATE_LIMITED(true, 429),
    /** The room has its maximum of members. */
    ROOM_FULL(true, 409),
    /** It took too long; a repeat with the same idempotency key is safe. */
    TIMEOUT(true, 504),
    /** Something needed is not available at the moment. */
    UNAVAILABLE(true, 503),
    /** This node is going away; another one takes the request. */
    DRAINING(true, 503),
    /** An unexpected failure, logged on the server under the id in the message. */
    INTERNAL(false, 500);

    private final String wireName = name().toLowerCase(Locale.ROOT).replace('_', '-');
    private final boolean retryable;
    private final int httpStatus;

    ErrorCode(boolean retryable, int httpStatus) {
        this.retryable = retryable;
        this.httpStatus = httpStatus;
    }

    /** The code as frames carry it, such as {@code not-joined}. */
    public String wireName() {
        return this.wireName;
    }

    /** Whether the same request may succeed later, unless the error itself says otherwise. */
    public boolean retryable() {
        return this.retryable;
    }

    /** The HTTP status that says the same. */
    public int httpStatus() {
        return this.httpStatus;
    }
}
