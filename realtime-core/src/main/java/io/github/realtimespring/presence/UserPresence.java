package io.github.realtimespring.presence;

import java.util.Set;

/**
 * Where a user is connected, on all nodes.
 *
 * @param state the best of all connections
 * @param nodes the origins of the nodes with a connection
 * @since 0.1.0
 */
public record UserPresence(PresenceState state, Set<String> nodes) {

    /** One who is not connected. */
    public static final UserPresence OFFLINE = new UserPresence(PresenceState.OFFLINE, Set.of());

    public UserPresence {
        nodes = Set.copyOf(nodes);
    }
}
