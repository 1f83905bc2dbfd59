package io.github.realtimespring.room;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Continuation;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.Recorded;
import io.github.realtimespring.history.Replay;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.registry.RoomRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Changes who is in a room. A join has two halves, so that the application's state can be read in between without a hole
 * (DESIGN, join): {@link #join} makes the connection a member and lets its events wait, {@link #completeJoin} sends
 * {@code joined} and then what waited. Access was decided before.
 *
 * <p>Thread-safe. One connection joins and leaves one key from one thread at a time; closes and evictions may come from
 * anywhere at any moment.
 *
 * @since 0.1.0
 */
public final class RoomService implements ConnectionListener {

    private final RoomRegistry rooms;
    private final ConnectionRegistry connections;
    private final BackplaneAdapter backplane;
    private final History history;
    private final int recoveryLimit;
    private final List<RoomListener> listeners = new CopyOnWriteArrayList<>();

    /** @param recoveryLimit how many events a join may have missed and still gets all of them */
    public RoomService(
            RoomRegistry rooms,
            ConnectionRegistry connections,
            BackplaneAdapter backplane,
            History history,
            int recoveryLimit) {
        this.rooms = rooms;
        this.connections = connections;
        this.backplane = backplane;
        this.history = history;
        this.recoveryLimit = recoveryLimit;
    }

    /** From now on {@code listener} hears of every membership. */
    public void listen(RoomListener listener) {
        this.listeners.add(listener);
    }

    /**
     * The first half of a join.
     *
     * @param change {@code NONE} for a member already
     * @param recovery what became of the client's position
     * @param from the position that the client goes on from: its own if it is recovered
     * @param cursor the room's position after the membership was in force
     * @param missed the events between the two
     * @param unrecorded whether a recovered client may have missed others, that no history holds
     */
    public record Join(
            MembershipChange change,
            Recovery recovery,
            Cursor from,
            Cursor cursor,
            List<Recorded> missed,
            boolean unrecorded) {

        public Join {
            missed = List.copyOf(missed);
        }
    }

    /** A join of a client that has no position in the room. */
    public CompletionStage<Join> join(Connection connection, RoutingKey key, int maxMembers) {
        return start(connection, key, maxMembers, () -> this.history.head(key).thenApply(Start::fresh));
    }

    /**
     * Makes a connection a member. When the stage completes, every event published from then on will be sent behind
     * {@code joined}.
     *
     * @param maxMembers how many members the key takes
     * @param since the position that the client has; empty for one that cannot be read as a position
     * @return the first half; fails with {@code room-full} or {@code unavailable}, and then nothing is left of the join
     */
    public CompletionStage<Join> resume(Connection connection, RoutingKey key, int maxMembers, Optional<Cursor> since) {
        return start(
                connection,
                key,
                maxMembers,
                () -> since.isEmpty()
                        ? this.history.head(key).thenApply(Start::expired)
                        : this.history
                                .since(key, since.get(), this.recoveryLimit)
                                .thenApply(replay -> Start.of(since.get(), replay)));
    }

    /** What the history says about a join. */
    private record Start(Recovery recovery, Cursor from, Cursor head, List<Recorded> missed, boolean unrecorded) {

        static Start fresh(Cursor head) {
            return new Start(Recovery.NOT_ASKED, head, head, List.of(), false);
        }

        static Start expired(Cursor head) {
            return new Start(Recovery.EXPIRED, head, head, List.of(), false);
        }

        static Start of(Cursor since, Replay replay) {
            if (!replay.available()) {
                return expired(replay.head());
            }
            return replay.complete()
                    ? new Start(Recovery.RECOVERED, since, replay.head(), replay.events(), replay.unrecorded())
                    : new Start(Recovery.PARTIAL_REFUSED, replay.head(), replay.head(), List.of(), false);
        }

        Join join(MembershipChange change) {
            return new Join(change, this.recovery, this.from, this.head, this.missed, this.unrecorded);
        }
    }

    private CompletionStage<Join> start(
            Connection connection, RoutingKey key, int maxMembers, Supplier<CompletionStage<Start>> position) {
        connection.hold(key);
        MembershipChange change = this.rooms.join(key, connection.id(), maxMembers);
        if (change == MembershipChange.FULL || change == MembershipChange.NOT_CONNECTED) {
            connection.discard(key);
            return CompletableFuture.failedFuture(
                    change == MembershipChange.FULL
                            ? new RealtimeException(ErrorCode.ROOM_FULL, "the room is full")
                            : new RealtimeException(ErrorCode.UNAVAILABLE, "the connection is closing"));
        }
        return this.backplane
                .subscribe(key)
                .thenCompose(inForce -> position.get())
                .handle((start, failure) -> {
                    if (failure == null) {
                        return start.join(change);
                    }
                    abandonJoin(connection, key, change);
                    throw new RealtimeException(ErrorCode.UNAVAILABLE, "the room cannot be joined now", failure);
                });
    }

    /**
     * The second half of a join: sends {@code joined}, then what was missed, then what came meanwhile.
     *
     * @param gap what the client has to be told besides; {@code null} for nothing
     * @return whether the connection is still a member; if not, nothing was sent
     */
    public boolean completeJoin(
            Connection connection, RoutingKey key, Join join, Frame joined, @Nullable GapReason gap) {
        if (!this.rooms.isMember(key, connection.id())) {
            connection.discard(key);
            return false;
        }
        connection.release(key, joined, new Continuation(join.from(), join.missed(), join.cursor(), gap));
        if (join.change().joined()) {
            this.listeners.forEach(listener -> listener.joined(connection, key));
        }
        return true;
    }

    /**
     * Takes the first half back; a membership that was there before stays. No listener is told.
     *
     * @return what that changed; {@code NONE} also if the membership had ended meanwhile, which the listeners were told
     */
    public MembershipChange abandonJoin(Connection connection, RoutingKey key, MembershipChange change) {
        if (!change.joined()) {
            connection.release(key, null);
            return MembershipChange.NONE;
        }
        MembershipChange left = this.rooms.leave(key, connection.id());
        connection.discard(key);
        unsubscribeIfLast(key, left);
        return left;
    }

    /** Ends a membership; told to the listeners if there was one. */
    public MembershipChange leave(Connection connection, RoutingKey key, LeaveReason reason) {
        MembershipChange change = this.rooms.leave(key, connection.id());
        if (change.left()) {
            connection.discard(key);
            unsubscribeIfLast(key, change);
            left(connection, key, reason, change);
        }
        return change;
    }

    /**
     * Ends the memberships of a user in a room, and lets the user watch its presence no longer.
     *
     * @return the connections that were members or watched
     */
    public List<Connection> evict(RoutingKey key, String user) {
        List<Connection> evicted = new ArrayList<>();
        kick(key, user, evicted);
        if (key.kind() == RoutingKey.Kind.ROOM) {
            kick(presenceOf(key), user, evicted);
        }
        return evicted;
    }

    private void kick(RoutingKey key, String user, List<Connection> evicted) {
        for (Connection connection : this.connections.connections(key)) {
            if (user.equals(connection.identity().user())
                    && leave(connection, key, LeaveReason.KICKED).left()) {
                evicted.add(connection);
            }
        }
    }

    /** Ends one connection's membership in a room, and its watch of the presence there; false if there was neither. */
    public boolean evict(RoutingKey key, Connection connection) {
        boolean left = leave(connection, key, LeaveReason.KICKED).left();
        boolean watched = key.kind() == RoutingKey.Kind.ROOM
                && leave(connection, presenceOf(key), LeaveReason.KICKED).left();
        return left || watched;
    }

    private static RoutingKey presenceOf(RoutingKey room) {
        return new RoutingKey(RoutingKey.Kind.PRESENCE, room.tenant(), room.id());
    }

    /**
     * Subscribes a connection to a key of the server's choice: a channel, a topic. Events follow once it completes; it
     * fails with {@code unavailable}, and then nothing is left of it.
     */
    public CompletionStage<MembershipChange> subscribe(Connection connection, RoutingKey key) {
        MembershipChange change = this.rooms.join(key, connection.id());
        if (change == MembershipChange.NOT_CONNECTED) {
            return CompletableFuture.completedFuture(change);
        }
        return this.backplane.subscribe(key).handle((inForce, failure) -> {
            if (failure == null) {
                return change;
            }
            if (change.joined()) {
                unsubscribeIfLast(key, this.rooms.leave(key, connection.id()));
            }
            throw new RealtimeException(ErrorCode.UNAVAILABLE, "the key cannot be subscribed now", failure);
        });
    }

    /**
     * Waits for what a membership of the registry's own choice needs, such as that in the key of the connection's user:
     * completes when every event published to the key from then on, on any node, will be sent. Fails with
     * {@code unavailable}; the membership is the caller's to end then.
     */
    public CompletionStage<Void> awaitInForce(RoutingKey key) {
        CompletableFuture<Void> inForce = this.backplane.subscribe(key).toCompletableFuture();
        if (inForce.isDone() && !inForce.isCompletedExceptionally()) {
            return inForce;
        }
        return inForce.handle((done, failure) -> {
            if (failure != null) {
                throw new RealtimeException(ErrorCode.UNAVAILABLE, "the key cannot be subscribed now", failure);
            }
            return done;
        });
    }

    /** The connection ends: its memberships end with it. */
    @Override
    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
        LeaveReason why = switch (reason.code()) {
            case 1012 -> LeaveReason.DRAIN;
            case 1001, 1013 -> LeaveReason.TIMEOUT;
            default -> LeaveReason.CLOSED;
        };
        this.connections.remove(connection).forEach((key, change) -> {
            unsubscribeIfLast(key, change);
            left(connection, key, why, change);
        });
    }

    private void left(Connection connection, RoutingKey key, LeaveReason reason, MembershipChange change) {
        this.listeners.forEach(listener -> listener.left(connection, key, reason, change));
    }

    private void unsubscribeIfLast(RoutingKey key, MembershipChange change) {
        if (change == MembershipChange.LEFT_LAST) {
            this.backplane.unsubscribe(key);
        }
    }
}
