package io.github.realtimespring.backplane;

import org.jspecify.annotations.Nullable;

/**
 * A broker did not send something, for certain: it is not connected, or has no room.
 *
 * @since 0.1.0
 */
public final class NotSentException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean ofOneKey;

    public NotSentException(String message) {
        this(message, null);
    }

    public NotSentException(String message, @Nullable Throwable cause) {
        this(message, cause, false);
    }

    private NotSentException(String message, @Nullable Throwable cause, boolean ofOneKey) {
        super(message, cause);
        this.ofOneKey = ofOneKey;
    }

    /** One that says nothing about other keys: what the broker keeps of this one is being moved, for example. */
    public static NotSentException ofOneKey(String message, @Nullable Throwable cause) {
        return new NotSentException(message, cause, true);
    }

    /** Whether other keys can be expected to work. */
    public boolean isOfOneKey() {
        return this.ofOneKey;
    }
}
