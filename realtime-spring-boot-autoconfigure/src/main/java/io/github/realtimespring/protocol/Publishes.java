package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.registry.RoomRegistry;
import java.time.Clock;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Publishes of sessions: a member's event goes to its handler, once per idempotency key, and the acknowledgement follows
 * when the handler's stage is complete, which for a broadcast is the commit point (SPEC §3, §6). Thread-safe.
 */
final class Publishes {

    private final RoomRegistry registry;
    private final RoomHandlers handlers;
    private final JsonFrames frames;
    private final IdempotencyKeys keys;
    private final SessionListener listener;
    private final Executor executor;
    private final Clock clock;

    Publishes(
            RoomRegistry registry,
            RoomHandlers handlers,
            JsonFrames frames,
            IdempotencyKeys keys,
            SessionListener listener,
            Executor executor,
            Clock clock) {
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
            if (this.session.isDraining()) {
                throw new RealtimeException(ErrorCode.DRAINING, "this node is going away");
            }
            JoinedRoom room = this.session.rooms().find(key);
            if (room == null
                    || !room.isJoined()
                    || !Publishes.this.registry.isMember(
                            key, this.session.connection().id())) {
                throw new RealtimeException(ErrorCode.NOT_JOINED, "the room is not joined");
            }
            if (!Event.isValidType(this.frame.event())) {
                throw new RealtimeException(
                        ErrorCode.BAD_REQUEST, "an event name has 1 to 100 letters, digits or . _ ~ : -");
            }
            String repeatKey = this.frame.key();
            if (repeatKey == null) {
                return handle(room, null);
            }
            return Publishes.this.keys.once(
                    new IdempotencyKeys.Scope(this.session.clientScope(), key, this.frame.event(), repeatKey),
                    Publishes.this.clock.millis(),
                    eventId -> handle(room, eventId));
        }

        private CompletionStage<IdempotencyKeys.Ack> handle(JoinedRoom room, @Nullable String eventId) {
            return Stages.then(
                    Publishes.this.handlers.event(room.call(), this.frame.event(), this.frame.data(), eventId),
                    Publishes.this.executor,
                    reply -> {
                        Object data = reply.data();
                        Payload encoded = data == null ? null : this.session.encode(data);
                        return Stages.done(new IdempotencyKeys.Ack(encoded, reply.eventId(), reply.cursor()));
                    });
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
