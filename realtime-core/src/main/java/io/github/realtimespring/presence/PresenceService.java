package io.github.realtimespring.presence;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.InternalEvents;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.RoomListener;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in a room, as people rather than connections, on all nodes (SPEC §11, docs/decisions/0021). Several connections
 * of a user are one; a change is told when it has lasted for the debounce; a user whose last connection was lost, not
 * closed, stays for the grace. Anonymous connections have no name and are not listed.
 *
 * <p>Each node reports its own users to the {@link PresenceStore}; the node that owns a room derives what changed and
 * publishes it once; every node brings it to the connections that watch the room. A room is watched by the connections in
 * its key of kind {@code PRESENCE}, whatever they are in otherwise.
 *
 * <p>Thread-safe; no method waits. What is due is done by a thread of its own, or by {@link #tick}.
 *
 * @since 0.1.0
 */
public final class PresenceService implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(PresenceService.class);

    /** The topic of a node, to which is sent in which of its buckets something was reported. */
    private static final String REPORTS = "realtime.presence:";

    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

    /** What is lost of these is found by the next look at the bucket. */
    private static final DeliveryClass HINT = DeliveryClass.of(Delivery.EPHEMERAL);

    private final Engine engine;
    private final ShardRouter router;
    private final PresenceStore store;
    private final PresenceCodec codec;
    private final PresenceSettings settings;
    private final Ticker ticker;
    private final RoutingKey reports;
    private final LocalPresence local;
    private final PresenceReporter reporter;
    private final PresenceOwner owner;
    private final PresenceViews views;
    /** Owners to be told, each with its buckets. */
    private final Map<String, Set<Integer>> hints = new ConcurrentHashMap<>();

    private volatile boolean subscribing;
    private volatile long subscribeAt;
    private @Nullable ScheduledExecutorService thread;

    /** The parts of the engine that presence works with, and what names this process among the others. */
    public record Engine(
            String origin,
            RoomRegistry registry,
            ConnectionRegistry connections,
            RoomService rooms,
            LocalFanout local,
            FanoutService fanout,
            BackplaneAdapter backplane) {}

    /**
     * Made before the engine starts, of which it hears from then on.
     *
     * @param router tells which node owns a room
     */
    public PresenceService(
            Engine engine,
            ShardRouter router,
            PresenceStore store,
            PresenceCodec codec,
            PresenceSettings settings,
            PresenceObserver observer,
            Ticker ticker) {
        this.engine = engine;
        this.router = router;
        this.store = store;
        this.codec = codec;
        this.settings = settings;
        this.ticker = ticker;
        this.reports = new RoutingKey(RoutingKey.Kind.TOPIC, null, REPORTS + engine.origin());
        this.subscribeAt = ticker.nanos();
        this.local = new LocalPresence(router::bucket);
        this.reporter = new PresenceReporter(this.local, store, engine.origin(), settings, this::reported, ticker);
        this.owner = new PresenceOwner(store, router, settings, this::publish, observer, ticker);
        this.views = new PresenceViews(
                store,
                codec,
                engine.local(),
                router::bucket,
                room -> engine.registry().size(PresenceViews.presenceOf(room)) > 0,
                key -> engine.backplane().subscribe(key),
                settings.maxListed(),
                observer,
                ticker);
        if (settings.enabled()) {
            engine.rooms().listen(new Memberships());
            engine.fanout().internal(new Changes());
            router.addListener(this.owner);
        }
    }

    /** Begins to do what is due; a second call does nothing. */
    public synchronized void start() {
        if (this.thread != null || !this.settings.enabled()) {
            return;
        }
        // One task that repeats: its queue holds no other.
        ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread made = new Thread(task, "realtime-presence");
            made.setDaemon(true);
            return made;
        });
        long millis = Math.max(10, Math.min(100, this.settings.debounce().toMillis() / 5));
        thread.scheduleWithFixedDelay(this::tickSafely, millis, millis, TimeUnit.MILLISECONDS);
        this.thread = thread;
    }

    private void tickSafely() {
        try {
            tick();
        } catch (RuntimeException ex) {
            logger.warn("What presence does now and then failed; the next time goes on", ex);
        }
    }

    /** Does what is due: called by one thread at a time. */
    public void tick() {
        long now = this.ticker.nanos();
        this.local.expire(now);
        this.reporter.tick(now);
        this.owner.tick(now);
        this.views.tick(now);
        sendHints();
        subscribe(now);
    }

    /** The other nodes say where something was reported on a topic of this node. */
    private void subscribe(long now) {
        if (!this.settings.shared() || this.subscribing || this.subscribeAt - now > 0) {
            return;
        }
        this.subscribing = true;
        this.engine.backplane().subscribe(this.reports).whenComplete((done, failure) -> {
            if (failure != null) {
                this.subscribeAt = this.ticker.nanos() + RETRY_NANOS;
                this.subscribing = false;
            } else {
                this.owner.missed();
            }
        });
    }

    private void reported(int bucket) {
        Ownership ownership = this.router.ownership(bucket);
        String owner = ownership.owner();
        if (ownership.mine()) {
            this.owner.changed(bucket);
        } else if (this.settings.shared() && owner != null) {
            this.hints.compute(owner, (same, buckets) -> {
                Set<Integer> more = buckets == null ? new TreeSet<>() : buckets;
                more.add(bucket);
                return more;
            });
        }
    }

    private void sendHints() {
        for (String owner : this.hints.keySet()) {
            Set<Integer> buckets = this.hints.remove(owner);
            if (buckets != null) {
                RoutingKey key = new RoutingKey(RoutingKey.Kind.TOPIC, null, REPORTS + owner);
                Payload payload = Payload.ofJson(buckets.toString());
                this.engine.fanout().spread(event(key, EventId.next(System.currentTimeMillis()), payload, HINT));
            }
        }
    }

    private CompletionStage<Boolean> publish(PresenceChange change) {
        this.views.take(change);
        if (!this.settings.shared()) {
            return CompletableFuture.completedFuture(true);
        }
        RoutingKey key = PresenceViews.presenceOf(change.room());
        // The same change has the same id, whoever publishes it.
        String id = change.token() + "." + change.version();
        return this.engine
                .fanout()
                .spread(event(key, id, this.codec.encode(change), PresenceViews.DELIVERY))
                .thenApply(outcome -> outcome == BackplaneOutcome.PUBLISHED || outcome == BackplaneOutcome.RECORDED);
    }

    private static Event event(RoutingKey key, String id, Payload payload, DeliveryClass delivery) {
        return new Event(id, key, "presence", payload, delivery, Instant.now(), null, Set.of(), null);
    }

    /** Who is in a room, on all nodes; fails with {@code unavailable} while the store cannot be reached. */
    public CompletionStage<RoomPresence> members(RoutingKey room) {
        if (!this.settings.enabled()) {
            List<Member> here = localMembers(room);
            return CompletableFuture.completedFuture(new RoomPresence(0, here.size(), true, here));
        }
        RoomPresence known = this.views.known(room);
        return known != null
                ? CompletableFuture.completedFuture(known)
                : orUnavailable(() -> this.store.read(this.router.bucket(room), room, this.settings.maxListed()));
    }

    private static <T> CompletionStage<T> orUnavailable(Supplier<CompletionStage<T>> question) {
        CompletionStage<T> asked;
        try {
            asked = question.get();
        } catch (RuntimeException ex) {
            asked = CompletableFuture.failedFuture(ex);
        }
        return asked.handle((answer, failure) -> {
            if (failure != null) {
                throw new RealtimeException(
                        ErrorCode.UNAVAILABLE, "the store of presence cannot be asked now", failure);
            }
            return answer;
        });
    }

    /** The users who are in a room with a connection of this process, by name. */
    public List<Member> localMembers(RoutingKey room) {
        if (this.settings.enabled()) {
            return this.local.members(room);
        }
        return this.engine.connections().connections(room).stream()
                .map(connection -> connection.identity().user())
                .filter(java.util.Objects::nonNull)
                .distinct()
                .sorted()
                .map(user -> Member.of(user, PresenceState.ONLINE))
                .toList();
    }

    /** Where a user is connected, on all nodes; the tenant is that of the key. Fails as {@link #members}. */
    public CompletionStage<UserPresence> user(RoutingKey user) {
        if (!this.settings.enabled()) {
            return CompletableFuture.completedFuture(
                    isConnected(user)
                            ? new UserPresence(PresenceState.ONLINE, Set.of(this.engine.origin()))
                            : UserPresence.OFFLINE);
        }
        return orUnavailable(() -> this.store.find(this.router.bucket(user), user));
    }

    /** Whether a user, in the tenant of the key, is connected to this process. */
    public boolean isConnected(RoutingKey user) {
        return this.engine.registry().size(user) > 0;
    }

    /**
     * Tells a listener of a room: soon how it is, then after every change, until the watch is closed. It is called on
     * threads of the engine and returns at once.
     */
    public Watch watch(RoutingKey room, Consumer<RoomPresence> listener) {
        this.views.listen(room, listener);
        RoutingKey key = PresenceViews.presenceOf(room);
        AtomicBoolean closed = new AtomicBoolean();
        this.engine
                .backplane()
                .subscribe(key)
                .thenCompose(inForce -> this.views.open(room))
                .whenComplete((presence, failure) -> {
                    if (closed.get()) {
                        unlistened(room);
                    } else if (failure == null) {
                        listener.accept(presence);
                    } else {
                        logger.warn("The presence of a room cannot be watched now, it is tried again", failure);
                        this.views.failed(room);
                    }
                });
        return () -> {
            closed.set(true);
            this.views.unlisten(room, listener);
            unlistened(room);
        };
    }

    private void unlistened(RoutingKey room) {
        this.views.closeIfUnused(room);
        if (!this.views.isWatched(room)) {
            this.engine.backplane().unsubscribe(PresenceViews.presenceOf(room));
        }
    }

    /** What ends a {@link #watch}. */
    @FunctionalInterface
    public interface Watch extends AutoCloseable {

        @Override
        void close();
    }

    /**
     * Makes a connection watch a room: from now on its presence frames wait, for {@link #watching}. Who may watch was
     * decided before.
     *
     * @return how the room is; fails with {@code unavailable}, and then a watch that was not there before is none
     */
    public CompletionStage<RoomPresence> watch(Connection connection, RoutingKey room) {
        RoutingKey key = PresenceViews.presenceOf(room);
        boolean before = isWatching(connection, room);
        connection.hold(key);
        return this.engine
                .rooms()
                .subscribe(connection, key)
                .thenCompose(change -> this.views.open(room))
                .whenComplete((presence, failure) -> {
                    if (failure != null) {
                        if (before) {
                            connection.release(key, null);
                        } else {
                            unwatch(connection, room);
                        }
                    }
                    this.views.closeIfUnused(room);
                });
    }

    /** The connection was told how the room is: what changed meanwhile follows. */
    public void watching(Connection connection, RoutingKey room) {
        RoutingKey key = PresenceViews.presenceOf(room);
        if (this.engine.registry().isMember(key, connection.id())) {
            connection.release(key, null);
        } else {
            connection.discard(key);
        }
    }

    /** Whether the connection watches the room. */
    public boolean isWatching(Connection connection, RoutingKey room) {
        return this.engine.registry().isMember(PresenceViews.presenceOf(room), connection.id());
    }

    /** Ends a watch; false if there was none. */
    public boolean unwatch(Connection connection, RoutingKey room) {
        RoutingKey key = PresenceViews.presenceOf(room);
        boolean left =
                this.engine.rooms().leave(connection, key, LeaveReason.CLIENT).left();
        connection.discard(key);
        return left;
    }

    /** The connection of a user is there. */
    public void connected(Connection connection) {
        RoutingKey user = ConnectionRegistry.userKey(connection.identity());
        if (user != null && this.settings.enabled()) {
            add(connection, user);
        }
    }

    /**
     * What a connection says of its user in a room.
     *
     * @param state online or idle
     * @return false if the connection is not in the room
     */
    public boolean state(Connection connection, RoutingKey room, PresenceState state) {
        if (!this.engine.registry().isMember(room, connection.id())) {
            return false;
        }
        this.local.state(connection, room, state);
        return true;
    }

    /** What the application says of a member: that of the user's newest connection counts. */
    public void data(Connection connection, RoutingKey room, @Nullable Payload data) {
        this.local.data(connection, room, data);
    }

    /**
     * This node goes, its connections have been closed: users who are back on another node in time never left. Once the
     * drain is called off, {@link #staying}.
     *
     * @return completes when the store was told, or could not be; it may fail then
     */
    public CompletionStage<Void> leaving() {
        return this.settings.enabled() ? this.reporter.leaving() : CompletableFuture.completedFuture(null);
    }

    /** This node stays after all. */
    public void staying() {
        this.reporter.staying();
    }

    /** What it goes by. */
    public PresenceSettings settings() {
        return this.settings;
    }

    /** Users in the rooms of this node, each counted in every room. */
    public int users() {
        return this.local.size();
    }

    /** Rooms whose presence somebody on this node watches. */
    public int watched() {
        return this.views.size();
    }

    /** Those of them that are being read from the store, or wait for that. */
    public int unread() {
        return this.views.unread();
    }

    @Override
    public synchronized void close() {
        if (this.thread != null) {
            this.thread.shutdownNow();
        }
    }

    /** A connection may have left before it was seen to have joined. */
    private void add(Connection connection, RoutingKey key) {
        this.local.add(connection, key);
        if (!this.engine.registry().isMember(key, connection.id())) {
            this.local.remove(connection, key, null);
        }
    }

    /** Whether the client may be back: it said nothing, or was told to come back. */
    private static boolean isLost(Connection connection, LeaveReason reason) {
        var close = connection.closeReason();
        return switch (reason) {
            case DRAIN, TIMEOUT -> true;
            case CLIENT, KICKED -> false;
            case CLOSED -> close == null || isLost(close.code());
        };
    }

    /** Whoever is superseded has another connection, which may be about to join. */
    private static boolean isLost(int code) {
        return code == CloseReason.SUPERSEDED.code()
                || code != 1000
                        && code != 1002
                        && code != 1003
                        && code != 1007
                        && code != 1008
                        && (code < 4400 || code > 4499);
    }

    private final class Memberships implements RoomListener {

        @Override
        public void joined(Connection connection, RoutingKey key) {
            if (key.kind() == RoutingKey.Kind.ROOM) {
                add(connection, key);
            }
        }

        @Override
        public void left(Connection connection, RoutingKey key, LeaveReason reason, MembershipChange change) {
            PresenceService service = PresenceService.this;
            switch (key.kind()) {
                case PRESENCE -> {
                    if (change == MembershipChange.LEFT_LAST) {
                        service.views.closeIfUnused(PresenceViews.roomOf(key));
                    }
                }
                case ROOM, USER -> {
                    Long until = isLost(connection, reason)
                            ? service.ticker.nanos() + service.settings.grace().toNanos()
                            : null;
                    service.local.remove(connection, key, until);
                    if (key.kind() == RoutingKey.Kind.ROOM
                            && reason == LeaveReason.KICKED
                            && isWatching(connection, key)) {
                        // Who may not be in the room may not see who is.
                        unwatch(connection, key);
                    }
                }
                default -> {}
            }
        }
    }

    /** What other nodes send. */
    private final class Changes implements InternalEvents {

        @Override
        public boolean takes(RoutingKey key) {
            return key.kind() == RoutingKey.Kind.PRESENCE || key.equals(PresenceService.this.reports);
        }

        @Override
        public Received received(Event event) {
            PresenceService service = PresenceService.this;
            if (event.key().equals(service.reports)) {
                return hinted(event.payload());
            }
            RoutingKey room = PresenceViews.roomOf(event.key());
            if (!service.views.isWatched(room)) {
                return Received.NO_MEMBERS;
            }
            try {
                return service.views.take(service.codec.decode(room, event.payload()))
                        ? Received.DELIVERED
                        : Received.DUPLICATE;
            } catch (IllegalArgumentException ex) {
                logger.debug("A change of presence is malformed and dropped", ex);
                return Received.MALFORMED;
            }
        }

        private Received hinted(Payload payload) {
            int bucket = -1;
            for (byte c : payload.bytes()) {
                if (c >= '0' && c <= '9') {
                    bucket = Math.min(Math.max(bucket, 0) * 10 + (c - '0'), PresenceService.this.router.buckets());
                } else if (bucket >= 0) {
                    PresenceService.this.owner.changed(bucket);
                    bucket = -1;
                }
            }
            return Received.DELIVERED;
        }

        @Override
        public boolean isNeeded(RoutingKey key) {
            return key.equals(PresenceService.this.reports)
                    || PresenceService.this.views.isWatched(PresenceViews.roomOf(key));
        }

        @Override
        public void lost(RoutingKey key) {
            if (key.equals(PresenceService.this.reports)) {
                PresenceService.this.owner.missed();
            } else {
                PresenceService.this.views.lost(PresenceViews.roomOf(key));
            }
        }
    }
}
