package io.github.realtimespring.backplane;

import org.jspecify.annotations.Nullable;

/**
 * A broker did not send something, for certain: it is not connected, or has no room.
 *
 * @since 0.1.0
 */
public final class NotSentException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public NotSentException(String message) {
        this(message, null);
    }

    public NotSentException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
