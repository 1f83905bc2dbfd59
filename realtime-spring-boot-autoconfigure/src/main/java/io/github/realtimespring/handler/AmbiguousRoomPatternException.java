package io.github.realtimespring.handler;

/**
 * Two patterns match a common room and neither is more specific. The application does not start.
 *
 * @since 0.1.0
 */
public final class AmbiguousRoomPatternException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String first;
    private final String second;
    private final String example;

    /** @param example a room that both match */
    public AmbiguousRoomPatternException(String first, String second, String example) {
        super("room patterns '" + first + "' and '" + second + "' both match " + example
                + " and neither is more specific");
        this.first = first;
        this.second = second;
        this.example = example;
    }

    public String first() {
        return this.first;
    }

    public String second() {
        return this.second;
    }

    public String example() {
        return this.example;
    }
}
