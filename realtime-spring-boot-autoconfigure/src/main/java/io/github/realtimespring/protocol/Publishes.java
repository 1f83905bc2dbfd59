package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.registry.RoomRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Publishes of sessions: a member's event goes to its handler, once per idempotency key, and the acknowledgement follows
 * when the handler's stage is complete, which for a broadcast is the commit point (SPEC §3, §6). Thread-safe.
 */
final class Publishes {

    private final ProtocolSessions sessions;
    private final RoomRegistry registry;
    private final RoomHandlers handlers;
    private final JsonFrames frames;
    private final IdempotencyKeys keys;
    private final SessionListener listener;
    private final Executor executor;
    private final InstantSource clock;

    Publishes(
            ProtocolSessions sessions,
            RoomRegistry registry,
            RoomHandlers handlers,
            JsonFrames frames,
            IdempotencyKeys keys,
            SessionListener listener,
            Executor executor,
            InstantSource clock) {
        this.sessions = sessions;
        this.registry = registry;
        this.handlers = handlers;
        this.frames = frames;
        this.keys = keys;
        this.listener = listener;
        this.executor = executor;
        this.clock = clock;
    }

    /** The work of a {@code publish} frame. */
    Mailbox.Item publish(ProtocolSession session, ClientFrame.Publish frame, Answer answer) {
        return new Publish(session, frame, answer);
    }

    /**
     * Lets the event of somebody be handled who may publish in the room.
     *
     * @param client whose idempotency keys these are
     * @throws RealtimeException if the event has no name, or this node is going away
     */
    CompletionStage<IdempotencyKeys.Ack> publish(RoomCall call, ClientFrame.Publish frame, String client) {
        refuseWhileDraining();
        if (!Event.isValidType(frame.event())) {
            throw new RealtimeException(
                    ErrorCode.BAD_REQUEST, "an event name has 1 to 100 letters, digits or . _ ~ : -");
        }
        String repeatKey = frame.key();
        if (repeatKey == null) {
            return handle(call, frame, null);
        }
        return this.keys.once(
                new IdempotencyStore.Scope(client, call.key(), frame.event(), repeatKey),
                this.clock.millis(),
                eventId -> handle(call, frame, eventId));
    }

    private void refuseWhileDraining() {
        if (this.sessions.isDraining()) {
            throw new RealtimeException(ErrorCode.DRAINING, "this node is going away");
        }
    }

    private CompletionStage<IdempotencyKeys.Ack> handle(
            RoomCall call, ClientFrame.Publish frame, @Nullable String eventId) {
        return Stages.then(this.handlers.event(call, frame.event(), frame.data(), eventId), this.executor, reply -> {
            Object data = reply.data();
            Payload encoded = data == null
                    ? null
                    : this.sessions.encode(data, call.connection().id());
            return Stages.done(new IdempotencyKeys.Ack(encoded, reply.eventId(), reply.cursor()));
        });
    }

    private final class Publish extends Mailbox.Item {

        private final ProtocolSession session;
        private final ClientFrame.Publish frame;
        private final Answer answer;
        private @Nullable RoutingKey key;

        Publish(ProtocolSession session, ClientFrame.Publish frame, Answer answer) {
            this.session = session;
            this.frame = frame;
            this.answer = answer;
        }

        @Override
        CompletionStage<?> run() {
            if (!this.answer.isOpen()) {
                return Stages.DONE;
            }
            CompletionStage<IdempotencyKeys.Ack> acknowledged;
            try {
                RoutingKey key = this.session.roomKey(this.frame.room());
                this.key = key;
                acknowledged = publish(key);
            } catch (RealtimeException refused) {
                this.answer.fail(this.key, refused);
                return Stages.DONE;
            }
            return acknowledged.handle((ack, failure) -> {
                Long id = this.answer.id();
                if (failure != null) {
                    this.answer.fail(this.key, Stages.unwrap(failure));
                } else if (id != null) {
                    this.answer.send(Publishes.this.frames.ack(id, ack.data(), ack.eventId(), ack.cursor()));
                }
                return ack;
            });
        }

        private CompletionStage<IdempotencyKeys.Ack> publish(RoutingKey key) {
            JoinedRoom room = this.session.rooms().find(key);
            if (room == null
                    || !room.isJoined()
                    || !Publishes.this.registry.isMember(
                            key, this.session.connection().id())) {
                Publishes.this.refuseWhileDraining();
                throw new RealtimeException(ErrorCode.NOT_JOINED, "the room is not joined");
            }
            return Publishes.this.publish(room.call(), this.frame, this.session.clientScope());
        }

        @Override
        void timedOut() {
            Publishes.this.listener.timedOut(this.session.connection());
            this.answer.fail(this.key, ErrorCode.TIMEOUT, "the handler took too long");
        }

        @Override
        void refused() {
            this.session.refuse(this.answer);
        }
    }
}
