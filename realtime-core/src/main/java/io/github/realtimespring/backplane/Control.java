package io.github.realtimespring.backplane;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one node asks all others to do about the connections of a user (SPEC §1, §2). It travels in the key of the user,
 * to which every node with a connection of theirs listens, and is never shown to clients. Who can send one is whoever can
 * send an event: the backplane's signature and nothing else says that it comes from a node.
 *
 * @param id says that two are the same one
 * @param user whose connections these are
 * @param room the room that they leave; {@code null} if they are closed
 * @param code the close code, 0 if they only leave a room
 * @param connections which ones; empty for all of the user
 * @since 0.1.0
 */
public record Control(String id, RoutingKey user, @Nullable RoutingKey room, int code, List<ConnectionId> connections) {

    /** The connections that one of these names. */
    public static final int MAX_CONNECTIONS = 64;

    /** @throws IllegalArgumentException if it is not one that a node would send */
    public Control {
        connections = List.copyOf(connections);
        boolean valid = room == null
                ? isCloseCode(code)
                : code == 0 && room.kind() == RoutingKey.Kind.ROOM && sameTenant(room, user);
        if (id.isEmpty() || user.kind() != RoutingKey.Kind.USER || connections.size() > MAX_CONNECTIONS || !valid) {
            throw new IllegalArgumentException("not something that a node asks for");
        }
    }

    private static boolean sameTenant(RoutingKey one, RoutingKey other) {
        return one.equals(one.withTenant(other.tenant()));
    }

    /** Whether an application or an operator may close connections with it: the client knows what to do about it. */
    public static boolean isCloseCode(int code) {
        return code == CloseReason.NORMAL.code()
                || code == CloseReason.DRAINING.code()
                || code == CloseReason.SLOW_CONSUMER.code()
                || code >= 4400 && code <= 4599;
    }

    /** The user leaves a room, with all connections. */
    public static Control evict(RoutingKey user, RoutingKey room) {
        return new Control(newId(), user, room, 0, List.of());
    }

    /** All connections of the user are closed. */
    public static Control disconnect(RoutingKey user, int code) {
        return new Control(newId(), user, null, code, List.of());
    }

    /** Some connections of the user are closed. */
    public static Control disconnect(RoutingKey user, int code, List<ConnectionId> connections) {
        return new Control(newId(), user, null, code, connections);
    }

    private static String newId() {
        return EventId.next(System.currentTimeMillis());
    }
}
