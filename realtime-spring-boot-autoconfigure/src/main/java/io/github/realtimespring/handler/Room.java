package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.RoomPresence;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A room: handed to handlers, and made by {@link RealtimeTemplate#room}. Immutable and thread-safe; it says nothing about
 * whether the room has members.
 *
 * @since 0.1.0
 */
public final class Room {

    private final RealtimeTemplate template;
    private final RoutingKey key;
    private final @Nullable ConnectionId self;
    private final RealtimeTarget all;

    Room(RealtimeTemplate template, RoutingKey key, @Nullable ConnectionId self) {
        this.template = template;
        this.key = key;
        this.self = self;
        this.all = new RealtimeTarget(template, key, Set.of(), null);
    }

    /** The name that clients know it by, such as {@code project:42}. */
    public String id() {
        return this.key.id();
    }

    public RoutingKey key() {
        return this.key;
    }

    /** The members but for the connection that the handler serves; outside a handler, all of them. */
    public RealtimeTarget others() {
        return this.self == null ? this.all : this.all.except(this.self);
    }

    /** The members but for some connections. */
    public RealtimeTarget except(ConnectionId... connections) {
        return this.all.except(connections);
    }

    /** Sends to all members; see {@link RealtimeTarget#send(Object)}. */
    public PublishReceipt send(Object data) {
        return this.all.send(data);
    }

    /** Sends to all members; see {@link RealtimeTarget#send(String, Object)}. */
    public PublishReceipt send(String event, Object data) {
        return this.all.send(event, data);
    }

    /** Sends to all members; see {@link RealtimeTarget#sendAsync(Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(Object data) {
        return this.all.sendAsync(data);
    }

    /** Sends to all members; see {@link RealtimeTarget#sendAsync(String, Object)}. */
    public CompletionStage<PublishReceipt> sendAsync(String event, Object data) {
        return this.all.sendAsync(event, data);
    }

    /** All members, to whom events go after the transaction of the calling thread has committed. */
    public AfterCommit afterCommit() {
        return this.all.afterCommit();
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

    @Override
    public String toString() {
        return "Room[" + this.key + "]";
    }
}
