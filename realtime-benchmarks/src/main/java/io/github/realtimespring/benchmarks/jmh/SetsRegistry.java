package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The registry that applications write by hand, as a baseline: a concurrent set per key and one per connection. It is
 * cheaper than a correct one, because a join can get lost in a set that is being taken out.
 */
final class SetsRegistry {

    private final Map<RoutingKey, Set<ConnectionId>> members = new ConcurrentHashMap<>();
    private final Map<ConnectionId, Set<RoutingKey>> keys = new ConcurrentHashMap<>();

    boolean join(RoutingKey key, ConnectionId id) {
        this.keys.computeIfAbsent(id, none -> ConcurrentHashMap.newKeySet()).add(key);
        return this.members
                .computeIfAbsent(key, none -> ConcurrentHashMap.newKeySet())
                .add(id);
    }

    boolean leave(RoutingKey key, ConnectionId id) {
        Set<RoutingKey> keysOfId = this.keys.get(id);
        if (keysOfId != null && keysOfId.remove(key) && keysOfId.isEmpty()) {
            this.keys.remove(id, keysOfId);
        }
        Set<ConnectionId> membersOfKey = this.members.get(key);
        if (membersOfKey == null || !membersOfKey.remove(id)) {
            return false;
        }
        if (membersOfKey.isEmpty()) {
            this.members.remove(key, membersOfKey);
        }
        return true;
    }

    ConnectionId[] members(RoutingKey key) {
        return this.members.getOrDefault(key, Set.of()).toArray(new ConnectionId[0]);
    }
}
