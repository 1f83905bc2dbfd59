package io.github.realtimespring.protocol;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.handler.RealtimeConnection;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.handler.RoomMatch;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST <base-path>/send} for either web stack: one {@code publish} frame, whose {@code ack} or {@code error} is the
 * answer (PROTOCOL, sending without WebSocket). The request may reach a node without the client's membership, so the
 * access rule of the room is asked in its place (SPEC §8). Requests that are under way at the same time have no order.
 *
 * <p>Thread-safe; nothing here waits. Bounded by the rate and, for those under way, per client by the mailbox bound and in
 * all.
 *
 * @since 0.1.0
 */
public final class Sends {

    private static final int MAX_SENDERS = 100_000;
    private static final int MAX_PENDING = 10_000;
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final ProtocolSessions sessions;
    private final Cache<String, Sender> senders;
    private final Set<Send> pending = ConcurrentHashMap.newKeySet();
    /** Of the handlers that no live connection stands behind. */
    private final ConnectionTransport nowhere = new Nowhere();

    public Sends(ProtocolSessions sessions) {
        this.sessions = sessions;
        this.senders = Caffeine.newBuilder()
                .maximumSize(MAX_SENDERS)
                .expireAfterAccess(sessions.settings().sessionWindow())
                .ticker(sessions.runtime().ticker()::nanos)
                .build();
        sessions.onVisit(now -> this.pending.forEach(send -> send.mailbox.check(now)));
    }

    /** One client: how much it may still send. */
    private static final class Sender {

        private final InboundRate rate;
        private final AtomicInteger pending = new AtomicInteger();

        Sender(InboundRate rate) {
            this.rate = rate;
        }
    }

    /** How large a body may be. */
    public int maxBytes() {
        return this.sessions.settings().maxFrameBytes();
    }

    /** What a body is answered that is larger. */
    public HttpAnswer tooLarge() {
        return error(
                null, null, new RealtimeException(ErrorCode.TOO_LARGE, "a frame has at most " + maxBytes() + " bytes"));
    }

    /** What a request is answered that is refused for a reason of its own. */
    public HttpAnswer refused(Problem problem) {
        return error(
                null,
                null,
                new RealtimeException(
                        problem.code(),
                        problem.message(),
                        problem.retryable(),
                        problem.retryAfter(),
                        problem.details(),
                        null));
    }

    /**
     * Publishes what a request's body says. The origin is checked before.
     *
     * @param address tells anonymous clients without a session apart
     * @param answer called exactly once, on any thread
     */
    public void send(
            Handshake handshake,
            HandshakeRequest request,
            byte[] body,
            @Nullable String address,
            Consumer<HttpAnswer> answer) {
        try {
            begin(handshake, request, body, address, answer);
        } catch (MalformedFrameException ex) {
            answer.accept(error(ex.id(), null, ex));
        } catch (RealtimeException ex) {
            answer.accept(error(null, null, ex));
        }
    }

    private void begin(
            Handshake handshake,
            HandshakeRequest request,
            byte[] body,
            @Nullable String address,
            Consumer<HttpAnswer> answer) {
        if (body.length > maxBytes()) {
            answer.accept(tooLarge());
            return;
        }
        Identity identity = handshake.identity();
        String session = request.header(ClientHeaders.SESSION);
        String scope = this.sessions.names().scope(identity, session, address);
        Sender sender = this.senders.get(identity.tenant() + "/" + scope, none -> sender());
        if (sender.rate.take(this.sessions.runtime().ticker().nanos()) != InboundRate.Verdict.WITHIN) {
            throw tooFast(sender.rate.retryAfter());
        }
        ClientFrame frame = this.sessions.reader().read(text(body));
        if (!(frame instanceof ClientFrame.Publish publish)) {
            throw new MalformedFrameException(frame.id(), "only publish frames are sent here");
        }
        // The same as over a WebSocket, see ProtocolSession.
        String keys = this.sessions.names().keys(identity, session, address);
        Send send = new Send(connection(handshake, request), publish, keys, sender, answer);
        if (sender.pending.incrementAndGet() > this.sessions.settings().mailbox()) {
            sender.pending.decrementAndGet();
            answer.accept(error(publish.id(), null, tooFast(RETRY_AFTER)));
            return;
        }
        this.pending.add(send);
        if (this.pending.size() > MAX_PENDING) {
            send.fail(new RealtimeException(
                    ErrorCode.UNAVAILABLE, "the server is overloaded", true, RETRY_AFTER, List.of(), null));
            return;
        }
        send.mailbox.offer(send);
    }

    private Sender sender() {
        ProtocolSettings settings = this.sessions.settings();
        return new Sender(new InboundRate(
                settings.inboundRate(),
                settings.inboundBurst(),
                this.sessions.runtime().ticker().nanos()));
    }

    private static RealtimeException tooFast(Duration retryAfter) {
        return new RealtimeException(ErrorCode.RATE_LIMITED, "too many frames", true, retryAfter, List.of(), null);
    }

    private static String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException ex) {
            throw new MalformedFrameException(null, "the frame is not UTF-8");
        }
    }

    /** The client's live connection, if it is here; else one that is closed, with the id that the client says. */
    private RealtimeConnection connection(Handshake handshake, HandshakeRequest request) {
        ConnectionId id = ClientHeaders.connection(request.header(ClientHeaders.CONNECTION));
        ProtocolSession live = id == null ? null : this.sessions.find(id);
        Identity identity = handshake.identity();
        Connection connection;
        if (live != null) {
            Identity own = live.connection().identity();
            boolean same =
                    Objects.equals(own.user(), identity.user()) && Objects.equals(own.tenant(), identity.tenant());
            connection = same ? live.connection() : detached(ConnectionId.random(), identity);
        } else {
            connection = detached(id == null ? ConnectionId.random() : id, identity);
        }
        return new RealtimeConnection(connection, handshake.principal(), this.sessions.template());
    }

    private Connection detached(ConnectionId id, Identity identity) {
        Connection connection = new Connection(
                id,
                identity,
                this.nowhere,
                this.sessions.settings().queue(),
                this.sessions.frames(),
                (closed, pull) -> {},
                ConnectionListener.none(),
                this.sessions.runtime().ticker());
        connection.closed(CloseReason.NORMAL);
        return connection;
    }

    private HttpAnswer error(@Nullable Long id, @Nullable RoutingKey room, RealtimeException failure) {
        HttpAnswer answer = HttpAnswer.json(
                failure.code().httpStatus(),
                this.sessions.frames().error(id, room, failure).bytes());
        String retryAfter = Problem.of(failure).retryAfterSeconds();
        return retryAfter == null ? answer : answer.with("Retry-After", retryAfter);
    }

    /** Requests under way. */
    int pending() {
        return this.pending.size();
    }

    /** One request. Whoever claims it answers it: its last step, or its deadline. */
    private final class Send extends Mailbox.Item {

        private final RealtimeConnection connection;
        private final ClientFrame.Publish frame;
        private final String keys;
        private final Sender sender;
        private final Consumer<HttpAnswer> answer;
        private final AtomicBoolean answered = new AtomicBoolean();
        private final Mailbox mailbox;
        private @Nullable RoutingKey key;

        Send(
                RealtimeConnection connection,
                ClientFrame.Publish frame,
                String keys,
                Sender sender,
                Consumer<HttpAnswer> answer) {
            ProtocolSessions sessions = Sends.this.sessions;
            this.connection = connection;
            this.frame = frame;
            this.keys = keys;
            this.sender = sender;
            this.answer = answer;
            this.mailbox = new Mailbox(
                    sessions.runtime().handlers(),
                    1,
                    sessions.settings().handlerTimeout(),
                    sessions.runtime().ticker());
        }

        @Override
        CompletionStage<?> run() {
            ProtocolSessions sessions = Sends.this.sessions;
            sessions.listener().received(this.connection.connection(), this.frame.type());
            CompletionStage<IdempotencyKeys.Ack> acknowledged;
            try {
                acknowledged = publish(sessions);
            } catch (RealtimeException refused) {
                fail(refused);
                return Stages.DONE;
            }
            return acknowledged.handle((ack, failure) -> {
                if (failure != null) {
                    fail(Stages.unwrap(failure));
                } else {
                    answer(HttpAnswer.json(
                            200,
                            sessions.frames()
                                    .ack(this.frame.id(), ack.data(), ack.eventId(), ack.cursor())
                                    .bytes()));
                }
                return ack;
            });
        }

        private CompletionStage<IdempotencyKeys.Ack> publish(ProtocolSessions sessions) {
            RoutingKey key = new RoutingKey(
                    RoutingKey.Kind.ROOM, this.connection.identity().tenant(), this.frame.room());
            this.key = key;
            RoomMatch match = sessions.handlers().match(key.id());
            if (match == null) {
                throw new RealtimeException(ErrorCode.NOT_FOUND, "there is no such room");
            }
            RoomCall call = new RoomCall(this.connection, key, match, null);
            return Stages.then(
                    sessions.handlers().authorize(call),
                    sessions.runtime().handlers(),
                    allowed -> sessions.publishes().publish(call, this.frame, this.keys));
        }

        private void answer(HttpAnswer given) {
            if (this.answered.compareAndSet(false, true)) {
                Sends.this.pending.remove(this);
                this.sender.pending.decrementAndGet();
                this.answer.accept(given);
            }
        }

        void fail(Throwable failure) {
            RealtimeException shown = Sends.this.sessions.shown(failure, this.connection.id());
            Sends.this.sessions.listener().failed(this.connection.connection(), shown.code());
            answer(error(this.frame.id(), this.key, shown));
        }

        @Override
        void timedOut() {
            Sends.this.sessions.listener().timedOut(this.connection.connection());
            fail(new RealtimeException(ErrorCode.TIMEOUT, "the handler took too long"));
        }

        @Override
        void refused() {
            fail(new RealtimeException(ErrorCode.UNAVAILABLE, "the server is overloaded"));
        }
    }

    /** Stands behind connections that are closed from the beginning. */
    private static final class Nowhere implements ConnectionTransport {

        @Override
        public void wakeUp(SendQueue queue) {}

        @Override
        public void close(CloseReason reason) {}

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "send";
        }
    }
}
