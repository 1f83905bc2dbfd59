package io.github.realtimespring.protocol;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.handler.RoomMatch;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Joins and leaves of sessions (PROTOCOL, order on join): access rule, membership, cursor, state handler,
 * {@code joined}, then what the client missed, then what was published meanwhile. A join that fails, is late or loses its connection anywhere on the
 * way leaves nothing behind; {@code @RoomLeft} runs once for every membership whose {@code @RoomJoined} succeeded.
 * Thread-safe.
 */
final class Joins {

    private final ProtocolSessions.Engine engine;
    private final RoomHandlers handlers;
    private final JsonFrames frames;
    private final ProtocolSettings settings;
    private final MemberData members;
    private final SessionListener listener;
    private final Executor executor;

    Joins(
            ProtocolSessions.Engine engine,
            RoomHandlers handlers,
            JsonFrames frames,
            ProtocolSettings settings,
            MemberData members,
            SessionListener listener,
            Executor executor) {
        this.engine = engine;
        this.handlers = handlers;
        this.frames = frames;
        this.settings = settings;
        this.members = members;
        this.listener = listener;
        this.executor = executor;
    }

    /** The work of a {@code join} frame. */
    Mailbox.Item join(ProtocolSession session, ClientFrame.Join frame, Answer answer) {
        return new Join(session, frame, answer);
    }

    /** The work of a {@code leave} frame. */
    Mailbox.Item leave(ProtocolSession session, ClientFrame.Leave frame, Answer answer) {
        return new Leave(session, frame, answer);
    }

    /** The engine says that a membership of {@code session} ended. */
    void left(ProtocolSession session, RoutingKey key, LeaveReason reason) {
        if (key.kind() == RoutingKey.Kind.PRESENCE && reason == LeaveReason.KICKED) {
            // It was not in the room itself: that end comes first, and takes the watch along.
            session.connection().send(this.frames.evicted(key));
            return;
        }
        if (reason == LeaveReason.CLIENT || key.kind() != RoutingKey.Kind.ROOM) {
            return; // the leave goes on by itself
        }
        JoinedRoom room = session.rooms().ended(key);
        if (room != null) {
            over(session, key, room, reason);
        }
    }

    private void over(ProtocolSession session, RoutingKey key, JoinedRoom room, LeaveReason reason) {
        boolean known = room.end(reason);
        if (known && reason == LeaveReason.KICKED) {
            session.connection().send(this.frames.evicted(key));
        }
        owe(session, key, room);
    }

    /** Lets {@code @RoomLeft} run in the session's order, once the state handler has succeeded. */
    private void owe(ProtocolSession session, RoutingKey key, JoinedRoom room) {
        CompletionStage<?> handler = room.handler();
        if (handler == null) {
            session.rooms().told(key, room);
            return;
        }
        handler.whenComplete((state, failure) -> {
            if (failure == null) {
                session.mailbox().offer(new Left(session, key, room));
            } else {
                session.rooms().told(key, room);
            }
        });
    }

    /** Tells the application of the end, unless it has been told or need not be. */
    private CompletionStage<@Nullable Void> tell(ProtocolSession session, RoutingKey key, JoinedRoom room) {
        if (!room.claimEnd()) {
            return Stages.DONE;
        }
        session.rooms().told(key, room);
        return this.handlers.left(room.call(), room.reason()).handle((done, failure) -> {
            if (failure != null) {
                session.logFailure("A handler of @RoomLeft failed", failure);
            }
            return done;
        });
    }

    /** {@code @RoomLeft}, owed to the application whatever became of the connection. */
    private final class Left extends Mailbox.Item {

        private final ProtocolSession session;
        private final RoutingKey key;
        private final JoinedRoom room;

        Left(ProtocolSession session, RoutingKey key, JoinedRoom room) {
            this.session = session;
            this.key = key;
            this.room = room;
        }

        @Override
        CompletionStage<?> run() {
            return tell(this.session, this.key, this.room);
        }

        @Override
        void timedOut() {
            Joins.this.listener.timedOut(this.session.connection());
        }

        @Override
        void refused() {}

        @Override
        boolean isOwed() {
            return true;
        }
    }

    /** A leave; a room that is not joined is left already. */
    private final class Leave extends Mailbox.Item {

        private final ProtocolSession session;
        private final ClientFrame.Leave frame;
        private final Answer answer;

        Leave(ProtocolSession session, ClientFrame.Leave frame, Answer answer) {
            this.session = session;
            this.frame = frame;
            this.answer = answer;
        }

        @Override
        CompletionStage<?> run() {
            if (!this.answer.isOpen()) {
                return Stages.DONE;
            }
            RoutingKey key;
            try {
                key = this.session.roomKey(this.frame.room());
            } catch (RealtimeException refused) {
                this.answer.fail(null, refused);
                return Stages.DONE;
            }
            MembershipChange change =
                    Joins.this.engine.rooms().leave(this.session.connection(), key, LeaveReason.CLIENT);
            Joins.this.engine.presence().unwatch(this.session.connection(), key);
            JoinedRoom room = change.left() ? this.session.rooms().take(key) : null;
            this.answer.send(Joins.this.frames.left(this.answer.id(), key));
            if (room == null) {
                return Stages.DONE;
            }
            room.end(LeaveReason.CLIENT);
            return tell(this.session, key, room);
        }

        @Override
        void timedOut() {
            Joins.this.listener.timedOut(this.session.connection());
        }

        @Override
        void refused() {
            this.session.refuse(this.answer);
        }
    }

    /**
     * One join. Whoever claims the answer decides what becomes of it: the last step completes it, the deadline takes the
     * membership back. {@code half} holds the membership that is to be completed or taken back, and who takes it out
     * does so.
     */
    private final class Join extends Mailbox.Item {

        private final ProtocolSession session;
        private final ClientFrame.Join frame;
        private final Answer answer;
        private final AtomicReference<@Nullable Half> half = new AtomicReference<>();
        private @Nullable RoutingKey key;

        private record Half(JoinedRoom room, RoomService.Join join) {}

        Join(ProtocolSession session, ClientFrame.Join frame, Answer answer) {
            this.session = session;
            this.frame = frame;
            this.answer = answer;
        }

        @Override
        CompletionStage<?> run() {
            if (!this.answer.isOpen()) {
                return Stages.DONE;
            }
            RoutingKey key;
            RoomMatch match;
            try {
                key = this.session.roomKey(this.frame.room());
                this.key = key;
                match = admit(key);
            } catch (RealtimeException refused) {
                this.answer.fail(this.key, refused);
                return Stages.DONE;
            }
            RoomCall call = new RoomCall(this.session.handlerConnection(), key, match, this.frame.data());
            SessionListener.Call listening =
                    Joins.this.listener.joining(this.session.connection(), match.pattern(), this.frame.since() != null);
            return Stages.then(
                            observed(listening, () -> Joins.this.handlers.authorize(call)),
                            Joins.this.executor,
                            allowed -> this.frame.presenceOnly() ? watchOnly(call) : enter(call, listening))
                    .handle((done, failure) -> {
                        Throwable cause = failure == null ? null : Stages.unwrap(failure);
                        if (cause != null) {
                            takeBack(key);
                            this.answer.fail(key, cause);
                        }
                        listening.finished(cause);
                        return done;
                    });
        }

        private RoomMatch admit(RoutingKey key) {
            if (this.session.isDraining()) {
                throw new RealtimeException(ErrorCode.DRAINING, "this node is going away");
            }
            boolean watches = this.frame.presenceOnly();
            int joined = watches
                    ? Joins.this
                            .engine
                            .registry()
                            .count(this.session.connection().id(), RoutingKey.Kind.PRESENCE)
                    : this.session.rooms().size();
            boolean already = watches
                    ? Joins.this.engine.presence().isWatching(this.session.connection(), key)
                    : this.session.rooms().find(key) != null;
            if (!already && joined >= Joins.this.settings.maxRooms()) {
                throw new RealtimeException(
                        ErrorCode.LIMIT, "a connection joins at most " + Joins.this.settings.maxRooms() + " rooms");
            }
            if (watches && !Joins.this.settings.presence()) {
                throw new RealtimeException(ErrorCode.BAD_REQUEST, "presence is turned off");
            }
            RoomMatch match = Joins.this.handlers.match(key.id());
            if (match == null) {
                throw new RealtimeException(ErrorCode.NOT_FOUND, "there is no such room");
            }
            return match;
        }

        /** Who watches a room is not in it: there is no state, no position and nobody is told. */
        private CompletionStage<@Nullable Void> watchOnly(RoomCall call) {
            RoutingKey key = call.key();
            Connection connection = this.session.connection();
            PresenceService service = Joins.this.engine.presence();
            boolean before = service.isWatching(connection, key);
            return Stages.then(service.watch(connection, key), Joins.this.executor, presence -> {
                if (this.answer.claim()) {
                    connection.send(Joins.this.frames.watching(this.answer.id(), key, presence));
                    this.session.joinedRoom();
                } else if (!before) {
                    // It was told that this took too long: it does not watch.
                    service.unwatch(connection, key);
                }
                service.watching(connection, key);
                return Stages.DONE;
            });
        }

        private CompletionStage<@Nullable Void> enter(RoomCall call, SessionListener.Call listening) {
            RoutingKey key = call.key();
            if (!this.answer.isOpen()) {
                return Stages.DONE;
            }
            Payload data = Joins.this.settings.presence() ? Joins.this.members.of(call) : null;
            if (!this.session.rooms().begin(key)) {
                throw new RealtimeException(ErrorCode.UNAVAILABLE, "an earlier join of the room has not ended yet");
            }
            return Stages.then(
                    membership(key).whenComplete((join, failure) -> {
                        if (failure != null) {
                            this.session.rooms().failed(key);
                        }
                    }),
                    Joins.this.executor,
                    join -> entered(call, join, data, listening));
        }

        /** What cannot be read as a cursor is one that no stream gave. */
        private CompletionStage<RoomService.Join> membership(RoutingKey key) {
            RoomService rooms = Joins.this.engine.rooms();
            Connection connection = this.session.connection();
            int maxMembers = Joins.this.settings.maxMembers();
            String since = this.frame.since();
            return since == null
                    ? rooms.join(connection, key, maxMembers)
                    : rooms.resume(connection, key, maxMembers, Cursor.parse(since));
        }

        private CompletionStage<@Nullable Void> entered(
                RoomCall call, RoomService.Join join, @Nullable Payload data, SessionListener.Call listening) {
            RoutingKey key = call.key();
            SessionRooms.Entry entry =
                    this.session.rooms().enter(key, call, join.change().joined());
            JoinedRoom replaced = entry.replaced();
            if (replaced != null) {
                over(this.session, key, replaced, LeaveReason.KICKED);
            }
            this.half.set(new Half(entry.room(), join));
            if (!this.answer.isOpen()) {
                takeBack(key);
                return Stages.DONE;
            }
            return Stages.then(tellEarlier(key), Joins.this.executor, told -> {
                if (!entry.room().begin()) {
                    throw revoked();
                }
                CompletionStage<@Nullable Object> state = observed(listening, () -> Joins.this.handlers.joined(call));
                entry.room().entered(state);
                return Stages.then(
                        state,
                        Joins.this.executor,
                        value -> Stages.then(watch(key), Joins.this.executor, presence -> {
                            complete(call, join, value, presence.orElse(null), data, listening);
                            return Stages.DONE;
                        }));
            });
        }

        /** Who is in the room, from which on the client is told what changes; nothing if it did not ask. */
        private CompletionStage<Optional<RoomPresence>> watch(RoutingKey key) {
            if (!this.frame.presence() || !Joins.this.settings.presence() || !this.answer.isOpen()) {
                return Stages.done(Optional.empty());
            }
            return Joins.this
                    .engine
                    .presence()
                    .watch(this.session.connection(), key)
                    .thenApply(Optional::of);
        }

        /** The end of an earlier membership comes before the beginning of this one. */
        private CompletionStage<@Nullable Void> tellEarlier(RoutingKey key) {
            CompletionStage<@Nullable Void> told = Stages.DONE;
            for (JoinedRoom earlier : this.session.rooms().untold(key)) {
                told = Stages.then(told, Joins.this.executor, before -> tell(this.session, key, earlier));
            }
            return told;
        }

        private void complete(
                RoomCall call,
                RoomService.Join join,
                @Nullable Object value,
                @Nullable RoomPresence presence,
                @Nullable Payload data,
                SessionListener.Call listening) {
            RoutingKey key = call.key();
            Connection connection = this.session.connection();
            Payload state = value == null ? null : this.session.encode(value);
            Frame joined = Joins.this.frames.joined(this.answer.id(), key, join, state, withSelf(presence, data));
            Half half = this.answer.claim() ? this.half.getAndSet(null) : null;
            if (half == null) {
                if (presence != null) {
                    Joins.this.engine.presence().unwatch(connection, key);
                }
                return;
            }
            GapReason gap = gap(call, join);
            if (!Joins.this.engine.rooms().completeJoin(connection, key, join, joined, gap)) {
                // Its end is told to left(), which takes the entry out.
                this.session.error(this.answer.id(), key, revoked());
                Joins.this.engine.presence().unwatch(connection, key);
                return;
            }
            this.session.joinedRoom();
            Joins.this.engine.presence().data(connection, key, data);
            if (presence != null) {
                Joins.this.engine.presence().watching(connection, key);
            }
            if (join.recovery() != Recovery.NOT_ASKED) {
                listening.resumed(join.recovery(), join.missed().size());
            }
            if (!half.room().acknowledge()) {
                // Evicted while joined was on its way: the client hears both, in this order.
                connection.send(Joins.this.frames.evicted(key));
            }
        }

        /** Others are told later, but who joins is there already. */
        private @Nullable RoomPresence withSelf(@Nullable RoomPresence presence, @Nullable Payload data) {
            String user = this.session.connection().identity().user();
            return presence == null || user == null
                    ? presence
                    : presence.with(new Member(user, PresenceState.ONLINE, data));
        }

        private @Nullable GapReason gap(RoomCall call, RoomService.Join join) {
            Recovery recovery = join.recovery();
            if (recovery == Recovery.RECOVERED) {
                // Events without history that were sent while the client was away come to nobody any more.
                return join.unrecorded() || call.match().declares(Delivery.STANDARD) ? GapReason.AWAY : null;
            }
            if (recovery == Recovery.NOT_ASKED || !this.session.isStream()) {
                return null;
            }
            // A client that reads a stream asked for nothing itself: it looks at events and gaps.
            this.session.losePosition();
            return GapReason.HISTORY;
        }

        private void takeBack(RoutingKey key) {
            Half half = this.half.getAndSet(null);
            if (half == null) {
                return;
            }
            MembershipChange change = Joins.this
                    .engine
                    .rooms()
                    .abandonJoin(this.session.connection(), key, half.join().change());
            if (change.left()) {
                Joins.this.engine.presence().unwatch(this.session.connection(), key);
                this.session.rooms().take(key);
                half.room().end(LeaveReason.CLOSED);
                owe(this.session, key, half.room());
            }
        }

        private static RealtimeException revoked() {
            return new RealtimeException(ErrorCode.FORBIDDEN, "the membership was revoked");
        }

        @Override
        void timedOut() {
            Joins.this.listener.timedOut(this.session.connection());
            RoutingKey key = this.key;
            if (this.answer.claim()) {
                this.session.error(
                        this.answer.id(), key, new RealtimeException(ErrorCode.TIMEOUT, "the join took too long"));
                if (key != null) {
                    takeBack(key);
                }
            }
        }

        @Override
        void refused() {
            this.session.refuse(this.answer);
        }

        private <T extends @Nullable Object> CompletionStage<T> observed(
                SessionListener.Call listening, java.util.function.Supplier<CompletionStage<T>> step) {
            try (SessionListener.Scope scope = listening.open()) {
                return step.get();
            }
        }
    }
}
