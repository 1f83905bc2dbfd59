package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.handler.RealtimeConnection;
import io.github.realtimespring.presence.PresenceState;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The protocol of one connection, whatever its transport (PROTOCOL): reads the client's frames, runs what they ask for one
 * after the other off the transport's threads, and answers every id exactly once.
 *
 * <p>{@link #receive} is called by one thread at a time; everything else is thread-safe. After the connection has begun
 * to end nothing is started but the handlers of {@code @RoomLeft}.
 *
 * @since 0.1.0
 */
public final class ProtocolSession {

    private static final Logger logger = LoggerFactory.getLogger(ProtocolSession.class);

    /** When to come back with what a full mailbox did not take. */
    private static final Duration FULL_RETRY = Duration.ofSeconds(1);

    private final ProtocolSessions sessions;
    private final Connection connection;
    private final RealtimeConnection handlerConnection;
    private final InboundRate rate;
    private final Mailbox mailbox;
    private final SessionRooms rooms = new SessionRooms();
    private final SessionNames.Client own;
    private final @Nullable StreamRooms stream;
    private volatile SessionNames.Client client;
    /** The name by which the client says that it was known before. */
    private volatile @Nullable String returning;

    /** Whether it has brought a name that is not known here; read and written by who receives. */
    private boolean believed;

    private volatile @Nullable Entrance entrance;
    private volatile @Nullable Instant expiresAt;
    private volatile @Nullable Duration reconnectAfter;
    private volatile boolean lostPosition;
    private volatile boolean joinedOnce;
    private volatile boolean transportEnded;
    private volatile long remembered;
    private volatile long endedNanos = Long.MAX_VALUE;
    private final Object answers = new Object();
    /** Completes when what is to be sent first was sent; {@code null} if nothing is. Changed under {@link #answers}. */
    private volatile @Nullable CompletableFuture<?> before;

    ProtocolSession(
            ProtocolSessions sessions,
            Connection connection,
            RealtimeConnection handlerConnection,
            SessionNames.Client client,
            @Nullable Instant expiresAt,
            @Nullable StreamRooms stream,
            long now) {
        ProtocolSettings settings = sessions.settings();
        this.sessions = sessions;
        this.connection = connection;
        this.handlerConnection = handlerConnection;
        this.own = client;
        this.client = client;
        this.expiresAt = expiresAt;
        this.stream = stream;
        this.rate = new InboundRate(settings.inboundRate(), settings.inboundBurst(), now);
        this.mailbox = new Mailbox(
                sessions.runtime().handlers(),
                // What waits of a stream are its own joins.
                stream == null
                        ? settings.mailbox()
                        : stream.size() + stream.watched().size() + 1,
                settings.handlerTimeout(),
                sessions.runtime().ticker(),
                this::forgetIfOver);
        remember(now);
    }

    public Connection connection() {
        return this.connection;
    }

    /** @param returning the name by which the client is known already, if it has said one */
    void enter(Entrance entrance, @Nullable String returning) {
        this.returning = returning;
        if (entrance.hasPlace()) {
            this.entrance = entrance;
        }
        entrance.begin(returning);
    }

    /**
     * Nothing that the client asks for begins, and it is answered nothing, before it was welcomed.
     *
     * @param welcomed completes, without a failure, behind {@code welcome} or the close
     */
    void welcome(CompletionStage<?> welcomed) {
        synchronized (this.answers) {
            this.before = welcomed.toCompletableFuture();
        }
        this.mailbox.offer(new Welcome(welcomed));
    }

    /** Sends a frame, behind {@code welcome} and what waits for that. */
    private void send(Frame frame) {
        if (this.before != null) {
            synchronized (this.answers) {
                CompletableFuture<?> before = this.before;
                if (before != null && !before.isDone()) {
                    // A few: what the client may send is bounded by its rate.
                    this.before = before.thenRun(() -> this.connection.send(frame));
                    return;
                }
                this.before = null;
            }
        }
        this.connection.send(frame);
    }

    /** What waits behind it begins when the connection was welcomed. */
    private final class Welcome extends Mailbox.Item {

        private final CompletionStage<?> welcomed;

        Welcome(CompletionStage<?> welcomed) {
            this.welcomed = welcomed;
        }

        @Override
        CompletionStage<?> run() {
            return this.welcomed;
        }

        @Override
        void timedOut() {
            ProtocolSession.this.connection.close(CloseReason.BACKPLANE);
        }

        @Override
        void refused() {}

        @Override
        boolean isOwed() {
            return true;
        }
    }

    /** Begins to join the rooms of a stream. */
    void begin(@Nullable String session) {
        StreamRooms stream = Objects.requireNonNull(this.stream);
        if (session != null) {
            hello(session);
        }
        for (int i = 0; i < stream.size(); i++) {
            Cursor since = stream.since(i);
            RoutingKey key = stream.key(i);
            boolean watched = stream.watched().contains(key);
            join(new ClientFrame.Join(null, key.id(), since == null ? null : since.toString(), watched, false, null));
        }
        for (RoutingKey watched : stream.watched()) {
            if (stream.indexOf(watched) < 0) {
                join(new ClientFrame.Join(null, watched.id(), null, true, true, null));
            }
        }
    }

    private void join(ClientFrame.Join join) {
        this.mailbox.offer(this.sessions.joins().join(this, join, new Answer(this, null)));
    }

    /**
     * The node goes away: the client is told, and comes back by itself. A stream ends with being told, so its client waits
     * for what would have been its slot.
     *
     * @param slot in how much time the connection closes
     * @param jitter how much later than the close the client comes back
     */
    void announceDrain(Duration slot, Duration jitter) {
        if (this.stream == null) {
            send(this.sessions.frames().goaway(JsonFrames.GoawayReason.DRAINING, jitter));
            return;
        }
        this.reconnectAfter = slot.plus(jitter);
        this.connection.close(CloseReason.DRAINING);
    }

    /** As for a drain, of a node that stays. */
    void announceRebalance(Duration slot, Duration jitter) {
        if (this.stream == null) {
            send(this.sessions.frames().goaway(JsonFrames.GoawayReason.REBALANCE, jitter));
            return;
        }
        this.reconnectAfter = slot.plus(jitter);
        this.connection.close(CloseReason.REBALANCE);
    }

    /** The last frame of a stream: it has no close code. */
    Frame farewell(CloseReason reason) {
        return this.sessions.frames().goaway(reason, this.reconnectAfter);
    }

    /** When the client is to come back, if it was told so. */
    @Nullable
    Duration reconnectAfter() {
        return this.reconnectAfter;
    }

    /** Whether everything that was received has been handled: nothing waits and no handler's stage is pending. */
    public boolean isIdle() {
        return this.mailbox.isIdle();
    }

    /**
     * Takes one text message of the client, in the order in which they came. Returns at once and never throws; what a
     * frame starts runs elsewhere. Ignored once the connection ends.
     */
    public void receive(String text) {
        if (!isOpen()) {
            return;
        }
        this.connection.inbound();
        try {
            accept(text);
        } catch (RuntimeException | StackOverflowError ex) {
            error(null, null, ex);
        }
    }

    private void accept(String text) {
        if (isTooLarge(text, this.sessions.settings().maxFrameBytes())) {
            this.connection.close(CloseReason.TOO_BIG);
            return;
        }
        InboundRate.Verdict verdict =
                this.rate.take(this.sessions.runtime().ticker().nanos());
        if (verdict == InboundRate.Verdict.FLOOD) {
            flooded();
            return;
        }
        ClientFrame frame;
        try {
            frame = this.sessions.reader().read(text);
        } catch (MalformedFrameException ex) {
            this.sessions.listener().received(this.connection, "unknown");
            if (verdict == InboundRate.Verdict.OVER) {
                tooFast(ex.id(), this.rate.retryAfter());
            } else {
                error(ex.id(), null, ex);
            }
            return;
        }
        this.sessions.listener().received(this.connection, frame.type());
        if (verdict == InboundRate.Verdict.OVER) {
            tooFast(frame.id(), this.rate.retryAfter());
        } else {
            dispatch(frame);
        }
    }

    private void flooded() {
        this.sessions.listener().rateLimited(this.connection);
        this.connection.send(this.sessions.frames().goaway(JsonFrames.GoawayReason.RATE_LIMITED, null));
        this.connection.close(CloseReason.POLICY);
    }

    /**
     * A control frame of the transport came that nobody asked for, such as a pong of WebSocket. It counts into the inbound
     * rate, is answered by nothing and is no sign of life. Called like {@link #receive}.
     */
    public void controlFrame() {
        if (!isOpen()) {
            return;
        }
        InboundRate.Verdict verdict =
                this.rate.take(this.sessions.runtime().ticker().nanos());
        if (verdict == InboundRate.Verdict.FLOOD) {
            flooded();
        } else if (verdict == InboundRate.Verdict.OVER) {
            this.sessions.listener().rateLimited(this.connection);
        }
    }

    private void dispatch(ClientFrame frame) {
        if (frame instanceof ClientFrame.Pong) {
            this.connection.pong();
            return;
        }
        if (frame instanceof ClientFrame.Hello hello) {
            hello(hello.session());
            return;
        }
        if (frame instanceof ClientFrame.Presence presence) {
            presence(presence);
            return;
        }
        Answer answer = new Answer(this, frame.id());
        Mailbox.Item item = work(frame, answer);
        if (!this.mailbox.offer(item) && answer.claim()) {
            tooFast(answer.id(), FULL_RETRY);
        }
    }

    private Mailbox.Item work(ClientFrame frame, Answer answer) {
        if (frame instanceof ClientFrame.Join join) {
            return this.sessions.joins().join(this, join, answer);
        }
        if (frame instanceof ClientFrame.Leave leave) {
            return this.sessions.joins().leave(this, leave, answer);
        }
        if (frame instanceof ClientFrame.Publish publish) {
            return this.sessions.publishes().publish(this, publish, answer);
        }
        if (frame instanceof ClientFrame.Auth auth) {
            return this.sessions.credentials().renewal(this, auth, answer);
        }
        throw new IllegalStateException("no work for " + frame.type());
    }

    /** A name that is not known, or not this user's, is no error: the client is a new one then. */
    private void hello(String session) {
        Entrance entrance = this.entrance;
        if (entrance != null && !session.equals(this.returning) && SessionNames.isName(session)) {
            // Another node may know it.
            this.returning = session;
            entrance.named(session);
        }
        SessionNames names = this.sessions.names();
        Identity identity = this.connection.identity();
        SessionNames.Client known = names.find(session, identity);
        if (known == null && !this.believed) {
            // Only one: each would be a rate and idempotency keys of its own from then on.
            known = names.recognise(session, identity);
            this.believed = known != null;
        }
        if (known != null) {
            this.client = known;
            remember(this.sessions.runtime().ticker().nanos());
        }
    }

    private void presence(ClientFrame.Presence presence) {
        RoutingKey key = roomKey(presence.room());
        PresenceState state = PresenceState.of(presence.state());
        if (state != PresenceState.ONLINE && state != PresenceState.IDLE) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "state is online or idle");
        }
        if (!this.sessions.engine().presence().state(this.connection, key, state)) {
            error(null, key, new RealtimeException(ErrorCode.NOT_JOINED, "the room is not joined"));
        }
    }

    private void tooFast(@Nullable Long id, Duration retryAfter) {
        this.sessions.listener().rateLimited(this.connection);
        error(
                id,
                null,
                new RealtimeException(ErrorCode.RATE_LIMITED, "too many frames", true, retryAfter, List.of(), null));
    }

    /** The transport has ended, whoever began it; the transport calls this exactly once, also after its own close. */
    public void closed(CloseReason reason) {
        this.connection.closed(reason);
        this.transportEnded = true;
        forgetIfOver();
    }

    /** Of the end of the transport and that of the last item the later one finds both. */
    private void forgetIfOver() {
        if (this.transportEnded && this.mailbox.isIdle()) {
            this.sessions.forget(this);
        }
    }

    /** The connection begins to end: from here on only what is owed to the application runs. */
    void ending(long now) {
        this.endedNanos = now;
        this.mailbox.close();
        remember(now);
        Entrance entrance = this.entrance;
        if (entrance != null) {
            entrance.gone();
        }
    }

    /**
     * Applies the deadlines.
     *
     * @return whether the session is to be kept
     */
    boolean check(long now, Instant instant) {
        ProtocolSettings settings = this.sessions.settings();
        this.mailbox.check(now);
        if (!isOpen()) {
            // Nobody else looks at a queue that is being flushed for the last time.
            this.connection.tick(now, settings.heartbeatInterval(), settings.heartbeatTimeout());
            long patience = 2 * settings.queue().sendTimeout().toNanos();
            boolean flushing = !this.transportEnded && now - this.endedNanos <= patience;
            return flushing || !this.mailbox.isIdle();
        }
        Instant expiresAt = this.expiresAt;
        if (expiresAt != null && !expiresAt.isAfter(instant)) {
            this.connection.close(CloseReason.UNAUTHORIZED);
        } else if (this.stream == null
                && !this.joinedOnce
                && !settings.firstJoinTimeout().isZero()
                && this.connection.ageNanos() > settings.firstJoinTimeout().toNanos()
                && this.mailbox.isIdle()) {
            this.connection.close(CloseReason.IDLE);
        } else if (now - this.remembered > settings.sessionWindow().toNanos() / 4) {
            remember(now);
        }
        return true;
    }

    private void remember(long now) {
        this.remembered = now;
        this.sessions.names().remember(this.own.name(), this.client);
    }

    boolean isOpen() {
        return this.connection.isOpen();
    }

    boolean isDraining() {
        return this.sessions.isDraining();
    }

    Mailbox mailbox() {
        return this.mailbox;
    }

    SessionRooms rooms() {
        return this.rooms;
    }

    RealtimeConnection handlerConnection() {
        return this.handlerConnection;
    }

    /** The name that the client is told. */
    String name() {
        return this.own.name();
    }

    /** The name by which the client says that it was known before. */
    @Nullable
    String returning() {
        return this.returning;
    }

    /** Whether a client that says this name is this one. */
    boolean isNamed(String name) {
        return name.equals(this.own.name()) || name.equals(this.returning);
    }

    /** Whose idempotency keys these are; the tenant is in the room's key. */
    String clientScope() {
        String user = this.connection.identity().user();
        return user != null ? "user:" + user : "session:" + this.client.name();
    }

    /** The key that a room name of the client stands for: always inside the connection's tenant. */
    RoutingKey roomKey(String room) {
        Identity identity = this.connection.identity();
        return new RoutingKey(RoutingKey.Kind.ROOM, identity.tenant(), room);
    }

    void joinedRoom() {
        this.joinedOnce = true;
    }

    /** Whether its rooms are those of a stream, which its client does not join by frames. */
    boolean isStream() {
        return this.stream != null;
    }

    /** A room was joined, but not from the position that the client wanted to go on from. */
    void losePosition() {
        this.lostPosition = true;
    }

    /** Whether there is a room of which the client may have missed events. */
    boolean lostPosition() {
        return this.lostPosition;
    }

    void renew(@Nullable Principal principal, @Nullable Instant expiresAt) {
        if (principal != null) {
            this.handlerConnection.renew(principal);
        }
        this.expiresAt = expiresAt;
    }

    /** Encodes what a handler gave; a value that has no JSON form is the server's fault. */
    Payload encode(Object value) {
        return this.sessions.encode(value, this.connection.id());
    }

    /** Answers a frame that the executor has no place for. */
    void refuse(Answer answer) {
        answer.fail(null, ErrorCode.UNAVAILABLE, "the server is overloaded");
    }

    /** Sends an error, for every failure the client may see; others are logged and hidden. */
    void error(@Nullable Long id, @Nullable RoutingKey room, Throwable failure) {
        RealtimeException shown = this.sessions.shown(failure, this.connection.id());
        this.sessions.listener().failed(this.connection, shown.code());
        send(this.sessions.frames().error(id, room, shown));
    }

    /** Logs what no client is answered. */
    void logFailure(String what, Throwable failure) {
        logger.warn("{}, connection {}", what, this.connection.id(), Stages.unwrap(failure));
    }

    private static boolean isTooLarge(String text, int maxBytes) {
        int chars = text.length();
        if (chars > maxBytes) {
            return true;
        }
        if (chars * 3L <= maxBytes) {
            return false;
        }
        long bytes = 0;
        for (int i = 0; i < chars; i++) {
            char c = text.charAt(i);
            bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
        }
        return bytes > maxBytes;
    }

    @Override
    public String toString() {
        return "ProtocolSession[" + this.connection.id() + "]";
    }
}
