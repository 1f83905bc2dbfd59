package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.RoomPresence;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A room: handed to handlers, and made by {@link RealtimeTemplate#room}. Immutable and thread-safe; it says nothing about
 * whether the room has members.
 *
 * @since 0.1.0
 */
public final class Room extends Addressed {

    private final @Nullable ConnectionId self;

    Room(RealtimeTemplate template, RoutingKey key, @Nullable ConnectionId self) {
        super(template, key);
        this.self = self;
    }

    /** The name that clients know it by, such as {@code project:42}. */
    public String id() {
        return this.key.id();
    }

    /** The members but for the connection that the handler serves; outside a handler, all of them. */
    public RealtimeTarget others() {
        return this.self == null ? this.all : this.all.except(this.self);
    }

    /** The users who are in the room with a connection of this process. */
    public List<Member> members() {
        return this.template.engine().presence().localMembers(this.key);
    }

    /** Who is in the room, on all nodes; fails with {@code unavailable} while the store cannot be reached. */
    public CompletionStage<RoomPresence> presence() {
        return this.template.engine().presence().members(this.key);
    }

    /**
     * Ends the memberships of a user on every node: access was revoked. The client gets {@code left} with code
     * {@code evicted}. Other nodes are told and not waited for; whether they could be is in the receipt of
     * {@link #evictAsync}.
     *
     * @return how many connections of this node were members
     */
    public int evict(String user) {
        return this.template.engine().users().evict(this.key, user).here().size();
    }

    /**
     * Ends the memberships of a user on every node without waiting. The stage completes with what is known: who has left
     * here, and whether the other nodes were told. It does not fail.
     */
    public CompletionStage<ControlReceipt> evictAsync(String user) {
        return this.template.engine().users().evict(this.key, user).receipt();
    }

    /** Ends the membership of one connection; false if it had none here. */
    public boolean evict(ConnectionId connection) {
        return this.template.evict(this.key, connection);
    }
}
