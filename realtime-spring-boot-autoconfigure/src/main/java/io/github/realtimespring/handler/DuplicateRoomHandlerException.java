package io.github.realtimespring.handler;

import org.jspecify.annotations.Nullable;

/**
 * Two methods handle the same thing in the rooms of one pattern. The application does not start.
 *
 * @since 0.1.0
 */
public final class DuplicateRoomHandlerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String pattern;
    private final @Nullable String event;
    private final String first;
    private final String second;

    /**
     * @param event the event that both handle; {@code null} if it is {@code @RoomJoined} or {@code @RoomLeft}
     * @param first class and method
     * @param second class and method
     */
    public DuplicateRoomHandlerException(String pattern, @Nullable String event, String first, String second) {
        super(first + " and " + second + " both handle " + (event == null ? "the same step" : "event '" + event + "'")
                + " of '" + pattern + "'");
        this.pattern = pattern;
        this.event = event;
        this.first = first;
        this.second = second;
    }

    public String pattern() {
        return this.pattern;
    }

    public @Nullable String event() {
        return this.event;
    }

    public String first() {
        return this.first;
    }

    public String second() {
        return this.second;
    }
}
