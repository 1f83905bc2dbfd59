package io.github.realtimespring.handler;

/**
 * A handler method that cannot be called as it is written. The application does not start.
 *
 * @since 0.1.0
 */
public final class InvalidRoomHandlerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String method;
    private final String reason;
    private final String action;

    /**
     * @param method class and method
     * @param reason what is wrong, as a sentence without its subject
     * @param action what to change
     */
    public InvalidRoomHandlerException(String method, String reason, String action) {
        super(method + " " + reason + "; " + action);
        this.method = method;
        this.reason = reason;
        this.action = action;
    }

    public String method() {
        return this.method;
    }

    public String reason() {
        return this.reason;
    }

    public String action() {
        return this.action;
    }
}
