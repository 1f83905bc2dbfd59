package io.github.realtimespring.presence;

import io.github.realtimespring.Payload;
import org.jspecify.annotations.Nullable;

/**
 * One user in a room, whatever the number of connections.
 *
 * @param user the name
 * @param state online or idle
 * @param data what the application says of this member, a JSON object; that of the newest connection
 * @since 0.1.0
 */
public record Member(
        String user, PresenceState state, @Nullable Payload data) {

    /** One of whom nothing more is said. */
    public static Member of(String user, PresenceState state) {
        return new Member(user, state, null);
    }

    /** Whether nobody could tell this one from {@code other}. */
    boolean isSame(Member other) {
        return this.user.equals(other.user) && this.state == other.state && isSame(this.data, other.data);
    }

    static boolean isSame(@Nullable Payload one, @Nullable Payload other) {
        if (one == null || other == null) {
            return one == other;
        }
        return java.util.Arrays.equals(one.bytes(), other.bytes());
    }
}
