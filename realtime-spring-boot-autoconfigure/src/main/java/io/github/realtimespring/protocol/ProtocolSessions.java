package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.handler.RealtimeConnection;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.RoomListener;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a session for every connection of this process, whatever its transport, and keeps the deadlines of all of them:
 * first join, credentials, handlers, the last flush. One thread visits the sessions, at a quarter of the shortest deadline
 * and each second at least, and waits for nobody.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class ProtocolSessions implements Iterable<ProtocolSession>, AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(ProtocolSessions.class);

    /** How long a claim of an {@link IdempotencyStore} is good: it is claimed again four times as often. */
    public static final Duration IDEMPOTENCY_LEASE = IdempotencyKeys.LEASE;

    /** How often those that {@link #onVisit} named are called. */
    private static final long VISIT_MILLIS = 250;

    /** Credentials end within two seconds of their time (SPEC §15). */
    private static final long LONGEST_PERIOD_MILLIS = 1000;

    private static final long SHORTEST_PERIOD_MILLIS = 10;

    /**
     * The parts of the engine that sessions use.
     *
     * @param members says what is told of members; {@code null} for nothing
     */
    public record Engine(
            RoomRegistry registry,
            ConnectionRegistry connections,
            RoomService rooms,
            PresenceService presence,
            ReplaySource replays,
            Places places,
            @Nullable PresenceCustomizer members) {

        /** One whose duplicate-connection policies are about this process alone. */
        public Engine(
                RoomRegistry registry,
                ConnectionRegistry connections,
                RoomService rooms,
                PresenceService presence,
                ReplaySource replays) {
            this(registry, connections, rooms, presence, replays, Places.inProcess(), null);
        }
    }

    /**
     * Time and threads.
     *
     * @param handlers runs application code: may block, has a bound or virtual threads
     * @param ticker monotonic time
     * @param clock the time of day, by which credentials expire and ids are made; nothing else is
     */
    public record Runtime(Executor handlers, Ticker ticker, InstantSource clock) {}

    private final Engine engine;
    private final RoomHandlers handlers;
    private final RealtimeTemplate template;
    private final JsonFrames frames;
    private final ProtocolSettings settings;
    private final SessionListener listener;
    private final ConnectionListener connectionListener;
    private final Runtime runtime;
    private final FrameReader reader;
    private final SessionNames names;
    private final Joins joins;
    private final Publishes publishes;
    private final IdempotencyKeys keys;
    private final Credentials credentials;
    private final Map<ConnectionId, ProtocolSession> sessions = new ConcurrentHashMap<>();
    private final List<LongConsumer> visitors = new CopyOnWriteArrayList<>();
    private final AtomicInteger entering = new AtomicInteger();
    private volatile boolean draining;
    private @Nullable ScheduledExecutorService scheduler;

    /**
     * @param handlers what joins, events and leaves are handled by
     * @param template what handlers send with
     * @param authenticator checks the tokens of {@code auth} frames; {@code null} where there are none
     * @param connectionListener hears of every connection, for meters; the engine is told already
     */
    public ProtocolSessions(
            Engine engine,
            RoomHandlers handlers,
            RealtimeTemplate template,
            JsonFrames frames,
            ProtocolSettings settings,
            @Nullable RealtimeTokenAuthenticator authenticator,
            ConnectionListener connectionListener,
            SessionListener listener,
            Runtime runtime) {
        this(engine, handlers, template, frames, settings, authenticator, connectionListener, listener, runtime, null);
    }

    /** @param keys what other nodes know of idempotency keys; {@code null} where each node is for itself */
    public ProtocolSessions(
            Engine engine,
            RoomHandlers handlers,
            RealtimeTemplate template,
            JsonFrames frames,
            ProtocolSettings settings,
            @Nullable RealtimeTokenAuthenticator authenticator,
            ConnectionListener connectionListener,
            SessionListener listener,
            Runtime runtime,
            @Nullable IdempotencyStore keys) {
        this.engine = engine;
        this.handlers = handlers;
        this.template = template;
        this.frames = frames;
        this.settings = settings;
        this.listener = listener;
        this.runtime = runtime;
        this.reader = new FrameReader(settings.maxJsonDepth(), settings.maxFrameBytes());
        this.names = new SessionNames(settings.sessionWindow(), runtime.ticker(), keys != null);
        MemberData members = new MemberData(
                engine.members(), frames, engine.presence().settings().maxDataBytes());
        this.joins = new Joins(engine, handlers, frames, settings, members, listener, runtime.handlers());
        this.keys = new IdempotencyKeys(
                settings.sessionWindow(),
                settings.handlerTimeout(),
                keys,
                runtime.handlers(),
                runtime.ticker(),
                listener::keyed);
        onVisit(this.keys::tick);
        this.publishes = new Publishes(
                this, engine.registry(), handlers, frames, this.keys, listener, runtime.handlers(), runtime.clock());
        this.credentials = new Credentials(authenticator, frames, listener, runtime.clock());
        this.connectionListener = ConnectionListener.all(List.of(new Endings(), engine.rooms(), connectionListener));
        engine.rooms().listen(new Memberships());
    }

    /** Begins to look at deadlines; a second call does nothing. */
    public synchronized void start() {
        if (this.scheduler == null) {
            // Two tasks that repeat: its queue holds no other.
            ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "realtime-sessions");
                thread.setDaemon(true);
                return thread;
            });
            repeat(scheduler, this::visitSessions, periodMillis(this.settings));
            repeat(scheduler, this::callVisitors, VISIT_MILLIS);
            this.scheduler = scheduler;
        }
    }

    private static void repeat(ScheduledExecutorService scheduler, Runnable task, long millis) {
        Runnable safely = () -> {
            try {
                task.run();
            } catch (RuntimeException ex) {
                logger.warn("Visiting the sessions failed; the next visit goes on", ex);
            }
        };
        scheduler.scheduleWithFixedDelay(safely, millis, millis, TimeUnit.MILLISECONDS);
    }

    /**
     * How often each session is visited: a quarter of its shortest deadline. A visit touches memory of every session, which
     * ten thousand that have nothing to do should not cost.
     */
    static long periodMillis(ProtocolSettings settings) {
        long shortest = Math.min(
                settings.handlerTimeout().toMillis(),
                settings.queue().sendTimeout().toMillis());
        if (!settings.firstJoinTimeout().isZero()) {
            shortest = Math.min(shortest, settings.firstJoinTimeout().toMillis());
        }
        return Math.max(SHORTEST_PERIOD_MILLIS, Math.min(LONGEST_PERIOD_MILLIS, shortest / 4));
    }

    /** Whether a handshake may be accepted; a transport answers 503 otherwise. */
    public boolean accepting() {
        return !this.draining && this.engine.connections().hasPlace();
    }

    /**
     * Makes a connection with its session and admits it. {@code welcome} is its first frame, sent once events for its user
     * arrive from every node; if it is refused after all, by the limits, the duplicate policy or because the backplane
     * cannot be read, the transport is told to close with the code that says why.
     *
     * @throws io.github.realtimespring.RealtimeException if the name of user or tenant is not acceptable as a key
     */
    public ProtocolSession open(Handshake handshake, ConnectionTransport transport) {
        return open(handshake, transport, null, null);
    }

    /**
     * Opens the session of a stream or of polls: its rooms are joined in their order, and its client sends nothing on it.
     *
     * @param session the name that the client was told by an earlier connection, or {@code null}
     * @throws io.github.realtimespring.RealtimeException if the connection is not admitted
     */
    ProtocolSession openStream(
            Handshake handshake, ConnectionTransport transport, StreamRooms rooms, @Nullable String session) {
        String name = session != null && SessionNames.isName(session) ? session : null;
        ProtocolSession opened = open(handshake, transport, rooms, name);
        CloseReason refusal = opened.connection().closeReason();
        if (refusal != null) {
            opened.closed(refusal);
            throw StreamRooms.refused(refusal);
        }
        opened.begin(session);
        return opened;
    }

    private ProtocolSession open(
            Handshake handshake, ConnectionTransport transport, @Nullable StreamRooms rooms, @Nullable String name) {
        long now = this.runtime.ticker().nanos();
        RoutingKey user = ConnectionRegistry.userKey(handshake.identity());
        Connection connection = new Connection(
                ConnectionId.random(),
                handshake.identity(),
                transport,
                this.settings.queue(),
                this.frames,
                this.engine.replays(),
                this.connectionListener,
                this.runtime.ticker());
        ProtocolSession session = new ProtocolSession(
                this,
                connection,
                new RealtimeConnection(connection, handshake.principal(), this.template),
                this.names.opened(handshake.identity(), name),
                handshake.expiresAt(),
                rooms,
                now);
        this.sessions.put(connection.id(), session);
        DuplicatePolicy policy = handshake.policy() == null ? this.settings.duplicates() : handshake.policy();
        session.enter(new Entrance(this, session, user, policy), name);
        return session;
    }

    /** Sessions whose transport has not ended, or that owe something to the application. */
    public int size() {
        return this.sessions.size();
    }

    /** Publishes with an idempotency key that are under way, or wait for one that is. */
    public int keyedPublishes() {
        return this.keys.pending();
    }

    /** Connections that are neither welcomed nor refused yet: their user's key or place is waited for. */
    public int entering() {
        return this.entering.get();
    }

    /** @param over completes when the connection was welcomed or refused, or is gone */
    void entering(CompletionStage<?> over) {
        this.entering.incrementAndGet();
        over.whenComplete((done, failure) -> this.entering.decrementAndGet());
    }

    /** The session of a connection whose transport has not ended. */
    public @Nullable ProtocolSession find(ConnectionId id) {
        return this.sessions.get(id);
    }

    /** Sessions whose transport has not ended; safe while they change. */
    @Override
    public Iterator<ProtocolSession> iterator() {
        return this.sessions.values().iterator();
    }

    /** From now on {@code visitor} is called at every visit, with the monotonic time in nanoseconds. */
    void onVisit(LongConsumer visitor) {
        this.visitors.add(visitor);
    }

    /** One visit of everything, as the thread makes it. */
    void visit() {
        visitSessions();
        callVisitors();
    }

    private void visitSessions() {
        long now = this.runtime.ticker().nanos();
        Instant instant = this.runtime.clock().instant();
        for (ProtocolSession session : this) {
            if (!session.check(now, instant)) {
                forget(session);
            }
        }
    }

    private void callVisitors() {
        long now = this.runtime.ticker().nanos();
        this.visitors.forEach(visitor -> visitor.accept(now));
    }

    void forget(ProtocolSession session) {
        this.sessions.remove(session.connection().id(), session);
    }

    /** From now on handshakes, joins and publishes are refused, or accepted again. */
    void draining(boolean draining) {
        this.draining = draining;
    }

    boolean isDraining() {
        return this.draining;
    }

    /** Encodes what a handler gave; a value that has no JSON form is the server's fault. */
    Payload encode(Object value, ConnectionId connection) {
        try {
            return this.frames.payload(value);
        } catch (RealtimeException ex) {
            throw internal("The value of a handler cannot be encoded", connection, ex);
        }
    }

    /** The failure as the client may see it; what it may not see is logged. */
    RealtimeException shown(Throwable failure, ConnectionId connection) {
        if (failure instanceof RealtimeException known) {
            return known;
        }
        return failure instanceof RejectedExecutionException
                ? new RealtimeException(ErrorCode.UNAVAILABLE, "the server is overloaded")
                : internal("A frame could not be processed", connection, failure);
    }

    private RealtimeException internal(String what, ConnectionId connection, Throwable failure) {
        String errorId = EventId.next(this.runtime.clock().millis());
        logger.error("{}, connection {}, error {}", what, connection, errorId, failure);
        return new RealtimeException(ErrorCode.INTERNAL, "an unexpected failure, error " + errorId, failure);
    }

    ProtocolSettings settings() {
        return this.settings;
    }

    Runtime runtime() {
        return this.runtime;
    }

    JsonFrames frames() {
        return this.frames;
    }

    FrameReader reader() {
        return this.reader;
    }

    SessionListener listener() {
        return this.listener;
    }

    SessionNames names() {
        return this.names;
    }

    Joins joins() {
        return this.joins;
    }

    Engine engine() {
        return this.engine;
    }

    RoomHandlers handlers() {
        return this.handlers;
    }

    RealtimeTemplate template() {
        return this.template;
    }

    Publishes publishes() {
        return this.publishes;
    }

    Credentials credentials() {
        return this.credentials;
    }

    /** Ends every connection that is left and the visits. */
    @Override
    public synchronized void close() {
        for (ProtocolSession session : this) {
            session.connection().close(CloseReason.GOING_AWAY);
        }
        if (this.scheduler != null) {
            this.scheduler.shutdownNow();
            this.scheduler = null;
        }
    }

    /** Told before the engine, so that memberships end after the session knows that it does. */
    private final class Endings implements ConnectionListener {

        @Override
        public void closed(Connection connection, CloseReason reason, Initiator initiator) {
            ProtocolSessions.this.engine.places().ended(connection);
            ProtocolSession session = ProtocolSessions.this.sessions.get(connection.id());
            if (session != null) {
                session.ending(ProtocolSessions.this.runtime.ticker().nanos());
            }
        }
    }

    private final class Memberships implements RoomListener {

        @Override
        public void left(Connection connection, RoutingKey key, LeaveReason reason, MembershipChange change) {
            ProtocolSession session = ProtocolSessions.this.sessions.get(connection.id());
            if (session != null) {
                ProtocolSessions.this.joins.left(session, key, reason);
            }
        }
    }
}
