package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;
import java.util.List;

/**
 * What changed in a room from one version to the next, as the owner of the room derived it.
 *
 * @param room the room
 * @param token the fencing token of the owner
 * @param version the version after the change
 * @param previous the version that it changes; another one than a receiver has makes it read the whole
 * @param count how many users there are after it
 * @param listed whether the users are listed; if not, the three lists are empty
 * @param joined users who came
 * @param changed users whose state or data is another one
 * @param left users who are gone
 * @since 0.1.0
 */
public record PresenceChange(
        RoutingKey room,
        long token,
        long version,
        long previous,
        int count,
        boolean listed,
        List<Member> joined,
        List<Member> changed,
        List<String> left) {

    /** {@link #previous} of a change after which everybody has to read the whole. */
    public static final long NONE = -1;

    public PresenceChange {
        joined = List.copyOf(joined);
        changed = List.copyOf(changed);
        left = List.copyOf(left);
    }

    /** One that says which version there is, and nothing else. */
    static PresenceChange repeat(RoutingKey room, long token, long version, int count, boolean listed) {
        return new PresenceChange(room, token, version, NONE, count, listed, List.of(), List.of(), List.of());
    }
}
