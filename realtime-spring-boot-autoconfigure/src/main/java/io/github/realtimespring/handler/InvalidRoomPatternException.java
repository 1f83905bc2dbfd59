package io.github.realtimespring.handler;

/**
 * A room pattern that is not well formed. The application does not start.
 *
 * @since 0.1.0
 */
public final class InvalidRoomPatternException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String pattern;
    private final String reason;

    /** @param reason what is wrong, as a sentence */
    public InvalidRoomPatternException(String pattern, String reason) {
        super("room pattern '" + pattern + "': " + reason);
        this.pattern = pattern;
        this.reason = reason;
    }

    public String pattern() {
        return this.pattern;
    }

    public String reason() {
        return this.reason;
    }
}
