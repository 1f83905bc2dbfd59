package io.github.realtimespring.handler;

/**
 * An event whose declaration contradicts itself, such as coalescing in a class that promises every event.
 *
 * @since 0.1.0
 */
public final class InvalidEventTypeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String event;
    private final String reason;

    /** @param reason what is wrong and what to change, as a sentence */
    public InvalidEventTypeException(String event, String reason) {
        super("event '" + event + "': " + reason);
        this.event = event;
        this.reason = reason;
    }

    public String event() {
        return this.event;
    }

    public String reason() {
        return this.reason;
    }
}
