package io.github.realtimespring;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A failure with an answer for the client: an {@link ErrorCode}, a message that may be shown, whether a repeat can
 * succeed and, where it applies, the fields at fault.
 *
 * @since 0.1.0
 */
public class RealtimeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /**
     * One field at fault.
     *
     * @param field the path of the field in the payload
     * @param message what is wrong with it
     */
    public record Detail(String field, String message) {}

    private final ErrorCode code;
    private final boolean retryable;
    private final transient @Nullable Duration retryAfter;
    private final transient List<Detail> details;

    public RealtimeException(ErrorCode code, String message) {
        this(code, message, code.retryable(), null, List.of(), null);
    }

    public RealtimeException(ErrorCode code, String message, @Nullable Throwable cause) {
        this(code, message, code.retryable(), null, List.of(), cause);
    }

    public RealtimeException(
            ErrorCode code,
            String message,
            boolean retryable,
            @Nullable Duration retryAfter,
            List<Detail> details,
            @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.retryable = retryable;
        this.retryAfter = retryAfter;
        this.details = List.copyOf(details);
    }

    public ErrorCode code() {
        return this.code;
    }

    /** The message for the client; never {@code null}. */
    public String clientMessage() {
        String message = getMessage();
        return message == null ? "" : message;
    }

    public boolean retryable() {
        return this.retryable;
    }

    /** How long to wait before a repeat, if known. */
    public @Nullable Duration retryAfter() {
        return this.retryAfter;
    }

    public List<Detail> details() {
        return this.details;
    }
}
