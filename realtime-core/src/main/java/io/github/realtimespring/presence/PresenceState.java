package io.github.realtimespring.presence;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Whether a user is there. A user with any online connection is online.
 *
 * @since 0.1.0
 */
public enum PresenceState {
    /** There. */
    ONLINE,
    /** Connected, and as the client says nobody is looking. */
    IDLE,
    /** Not connected, or no longer in the room. */
    OFFLINE;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    /** The name in frames. */
    public String wireName() {
        return this.wireName;
    }

    /** The state of that name; {@code null} if there is none. */
    public static @Nullable PresenceState of(String wireName) {
        for (PresenceState state : values()) {
            if (state.wireName.equals(wireName)) {
                return state;
            }
        }
        return null;
    }
}
