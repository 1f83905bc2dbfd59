package io.github.realtimespring.handler;

import io.github.realtimespring.Delivery;
import java.util.Map;

/**
 * The pattern that a room's name matched, with the variables read from the name.
 *
 * @since 0.1.0
 */
public final class RoomMatch {

    private final RoomMapping mapping;
    private final Map<String, String> variables;

    RoomMatch(RoomMapping mapping, Map<String, String> variables) {
        this.mapping = mapping;
        this.variables = Map.copyOf(variables);
    }

    /** The pattern, such as {@code project:{projectId}}: what meters may be tagged with. */
    public String pattern() {
        return this.mapping.pattern().text();
    }

    /** The variables by name, as they stand in the room's name. */
    public Map<String, String> variables() {
        return this.variables;
    }

    /** Whether a handler of these rooms broadcasts events of the class. */
    public boolean declares(Delivery delivery) {
        return this.mapping.broadcasts().contains(delivery);
    }

    RoomMapping mapping() {
        return this.mapping;
    }

    @Override
    public String toString() {
        return "RoomMatch[" + pattern() + "]";
    }
}
