package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who is in a room, by user, the connections of one user counted together (SPEC §11). It knows the members that are
 * connected to this process; anonymous connections have no name and are not listed.
 *
 * @since 0.1.0
 */
public final class PresenceService {

    private final ConnectionRegistry connections;

    public PresenceService(ConnectionRegistry connections) {
        this.connections = connections;
    }

    /** The users in a room at this moment, by name. */
    public List<Member> members(RoutingKey room) {
        Map<String, Integer> users = new TreeMap<>();
        for (Connection connection : this.connections.connections(room)) {
            String user = connection.identity().user();
            if (user != null) {
                users.merge(user, 1, Integer::sum);
            }
        }
        return users.entrySet().stream()
                .map(entry -> new Member(entry.getKey(), entry.getValue()))
                .toList();
    }

    /** Whether a user, in the tenant of the key, is connected. */
    public boolean isOnline(RoutingKey user) {
        return !this.connections.connections(user).isEmpty();
    }
}
