package io.github.realtimespring.kafka;

import org.jspecify.annotations.Nullable;

/**
 * The topic of the backplane cannot be used, and time will not change that. The message says what is wrong and what to do.
 *
 * @since 0.1.0
 */
public final class KafkaTopicException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    KafkaTopicException(String message, String action, @Nullable Throwable cause) {
        super(message, cause);
        this.action = action;
    }

    /** What to do about it. */
    public String action() {
        return this.action;
    }
}
