package io.github.realtimespring.presence;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.fanout.FanoutBacklogFullException;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.LocalFanout;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rooms that somebody on this node watches, as they were told last. A change that follows what is known is applied and
 * sent on; one that is known already is dropped; before any other the whole room is read from the store and sent.
 *
 * <h2>Concurrency</h2>
 *
 * A view is guarded by its monitor. With it held an event is given to the local fanout, which is how the watchers get the
 * versions in their order; the store, listeners and those who wait are called without it. Who says that something changed
 * or was lost may hold locks of the backplane, under which those who wait must not be told either: what is to be read then is
 * read by the next tick.
 */
final class PresenceViews {

    private static final Logger logger = LoggerFactory.getLogger(PresenceViews.class);

    /** Rooms that are read at once; after a reconnect it is every room that is watched here. */
    private static final int READS = 16;

    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

    /** Differences build on each other, so a queue that is full says that the rest has to be asked for. */
    static final DeliveryClass DELIVERY = new DeliveryClass(
            Delivery.STANDARD,
            PublishOrder.LOCAL_FIRST,
            OnNotWritable.LOCAL_ONLY,
            OnNotReadable.DELIVER_LOCALLY,
            OverflowPolicy.DROP_NEWEST,
            false,
            true,
            Duration.ofSeconds(2));

    private final PresenceStore store;
    private final PresenceCodec codec;
    private final LocalFanout fanout;
    private final ToIntFunction<RoutingKey> buckets;
    private final Predicate<RoutingKey> watched;
    private final Function<RoutingKey, CompletionStage<Void>> subscriber;
    private final int maxListed;
    private final PresenceObserver observer;
    private final Ticker ticker;
    private final Map<RoutingKey, View> views = new ConcurrentHashMap<>();
    /** Views that wait to be read: those that are {@link View#queued}, and some that were read meanwhile; each once. */
    private final Queue<View> unread = new ConcurrentLinkedQueue<>();

    /** The same for those that somebody waits for; they are read first. */
    private final Queue<View> awaited = new ConcurrentLinkedQueue<>();

    private final AtomicInteger queued = new AtomicInteger();

    private final AtomicInteger reads = new AtomicInteger();
    /** How often {@link #readNext} was asked for since somebody does it. */
    private final AtomicInteger reading = new AtomicInteger();

    /**
     * @param watched whether connections of this node watch a room
     * @param subscriber brings the subscription of a presence key into force, if it is not
     */
    PresenceViews(
            PresenceStore store,
            PresenceCodec codec,
            LocalFanout fanout,
            ToIntFunction<RoutingKey> buckets,
            Predicate<RoutingKey> watched,
            Function<RoutingKey, CompletionStage<Void>> subscriber,
            int maxListed,
            PresenceObserver observer,
            Ticker ticker) {
        this.store = store;
        this.codec = codec;
        this.fanout = fanout;
        this.buckets = buckets;
        this.watched = watched;
        this.subscriber = subscriber;
        this.maxListed = maxListed;
        this.observer = observer;
        this.ticker = ticker;
    }

    private static final class View {

        private final RoutingKey room;
        private final List<Consumer<RoomPresence>> listeners = new CopyOnWriteArrayList<>();
        private final List<CompletableFuture<RoomPresence>> waiting = new ArrayList<>();
        private final Map<String, Member> members = new TreeMap<>();
        /** -1 while nothing is known. */
        private long version = -1;

        private long token;
        private int count;
        private boolean listed = true;
        private boolean loading;
        /** Whether it waits to be read; changed by whoever puts it into a queue or takes it out. */
        private final AtomicBoolean queued = new AtomicBoolean();
        /** Whether it is in {@link #unread}, and in {@link #awaited}: so neither has more than there are views. */
        private final AtomicBoolean isInUnread = new AtomicBoolean();

        private final AtomicBoolean isInAwaited = new AtomicBoolean();
        /** Something happened that what is being read may not have. */
        private boolean again;
        /** Nothing since then is known for certain; read once more. */
        private boolean stale;

        private long retryAt;

        View(RoutingKey room) {
            this.room = room;
        }

        RoomPresence presence() {
            return new RoomPresence(this.version, this.count, this.listed, List.copyOf(this.members.values()));
        }
    }

    /** Where the presence of a room is sent. */
    static RoutingKey presenceOf(RoutingKey room) {
        return new RoutingKey(RoutingKey.Kind.PRESENCE, room.tenant(), room.id());
    }

    /** The room whose presence is sent there. */
    static RoutingKey roomOf(RoutingKey presence) {
        return new RoutingKey(RoutingKey.Kind.ROOM, presence.tenant(), presence.id());
    }

    /** The room as it is known here, once it is; fails with {@code unavailable}. The caller watches the room. */
    CompletionStage<RoomPresence> open(RoutingKey room) {
        View view = this.views.computeIfAbsent(room, View::new);
        CompletableFuture<RoomPresence> opened;
        boolean load = false;
        synchronized (view) {
            if (view.version >= 0 && !view.loading && !view.stale) {
                return CompletableFuture.completedFuture(view.presence());
            }
            opened = new CompletableFuture<>();
            view.waiting.add(opened);
            if (!view.loading) {
                view.loading = true;
                load = true;
            }
        }
        if (load) {
            enqueue(view);
        }
        if (view.isInAwaited.compareAndSet(false, true)) {
            this.awaited.add(view);
        }
        if (load) {
            readNext();
        }
        return opened;
    }

    /** What is known, if a room is watched here; {@code null} otherwise. */
    @org.jspecify.annotations.Nullable
    RoomPresence known(RoutingKey room) {
        View view = this.views.get(room);
        if (view == null) {
            return null;
        }
        synchronized (view) {
            return view.version < 0 || view.stale ? null : view.presence();
        }
    }

    /** From now on the listener hears of the room. */
    void listen(RoutingKey room, Consumer<RoomPresence> listener) {
        this.views.compute(room, (same, present) -> {
            View view = present == null ? new View(room) : present;
            view.listeners.add(listener);
            return view;
        });
    }

    void unlisten(RoutingKey room, Consumer<RoomPresence> listener) {
        View view = this.views.get(room);
        if (view != null) {
            view.listeners.remove(listener);
        }
        closeIfUnused(room);
    }

    /** Whether somebody here has to know. */
    boolean isWatched(RoutingKey room) {
        View view = this.views.get(room);
        return view != null && !view.listeners.isEmpty() || this.watched.test(room);
    }

    /** Forgets the room if nobody here watches it any more. */
    void closeIfUnused(RoutingKey room) {
        this.views.computeIfPresent(
                room, (same, view) -> view.listeners.isEmpty() && !this.watched.test(room) ? null : view);
    }

    /** How many rooms are watched. */
    int size() {
        return this.views.size();
    }

    /** How many of them are being read, or wait for that. */
    int unread() {
        return this.queued.get() + this.reads.get();
    }

    /**
     * The owner of a room says what changed.
     *
     * @return whether that is news here
     */
    boolean take(PresenceChange change) {
        View view = this.views.get(change.room());
        if (view == null) {
            return false;
        }
        RoomPresence told;
        synchronized (view) {
            if (change.version() <= view.version) {
                return false;
            }
            if (view.loading) {
                view.again = true;
                return true;
            }
            if (view.version != change.previous() || change.token() < view.token || view.stale) {
                view.loading = true;
                view.token = change.token();
                told = null;
            } else {
                apply(view, change);
                told = view.presence();
            }
        }
        if (told == null) {
            enqueue(view);
        } else {
            tell(view, told);
        }
        return true;
    }

    private void apply(View view, PresenceChange change) {
        boolean first = view.version == 0;
        view.version = change.version();
        view.token = change.token();
        view.count = change.count();
        view.listed = change.listed();
        if (view.listed) {
            change.joined().forEach(member -> view.members.put(member.user(), member));
            change.changed().forEach(member -> view.members.put(member.user(), member));
            change.left().forEach(view.members::remove);
        } else {
            view.members.clear();
        }
        // Versions begin anywhere: to a client that knows 0 another one would be missing.
        send(view, first ? this.codec.snapshot(view.presence()) : this.codec.difference(change));
    }

    /** Changes of the room may have been missed. */
    void lost(RoutingKey room) {
        View view = this.views.get(room);
        if (view == null) {
            return;
        }
        synchronized (view) {
            if (view.loading) {
                view.again = true;
                return;
            }
            view.loading = true;
        }
        enqueue(view);
    }

    /** A watch of the room could not begin; it is tried again. */
    void failed(RoutingKey room) {
        View view = this.views.get(room);
        if (view == null) {
            return;
        }
        synchronized (view) {
            if (!view.loading) {
                view.stale = true;
                view.retryAt = this.ticker.nanos() + RETRY_NANOS;
            }
        }
    }

    /** Reads what is to be read, and tries once more what could not be. */
    void tick(long now) {
        readNext();
        for (View view : this.views.values()) {
            synchronized (view) {
                if (!view.stale || view.loading || view.retryAt - now > 0) {
                    continue;
                }
                view.loading = true;
            }
            retry(view);
        }
    }

    /** What was not subscribed either would not tell what changes from here on. */
    private void retry(View view) {
        CompletionStage<Void> subscribing;
        try {
            subscribing = this.subscriber.apply(presenceOf(view.room));
        } catch (RuntimeException ex) {
            subscribing = CompletableFuture.failedFuture(ex);
        }
        subscribing.whenComplete((inForce, failure) -> {
            if (failure == null) {
                load(view);
            } else {
                notLoaded(view, failure);
            }
        });
    }

    private void load(View view) {
        enqueue(view);
        readNext();
    }

    private void enqueue(View view) {
        view.queued.set(true);
        this.queued.incrementAndGet();
        if (view.isInUnread.compareAndSet(false, true)) {
            this.unread.add(view);
        }
    }

    private @org.jspecify.annotations.Nullable View dequeue() {
        for (View view = this.awaited.poll(); view != null; view = this.awaited.poll()) {
            view.isInAwaited.set(false);
            if (isTaken(view)) {
                return view;
            }
        }
        for (View view = this.unread.poll(); view != null; view = this.unread.poll()) {
            view.isInUnread.set(false);
            if (isTaken(view)) {
                return view;
            }
        }
        return null;
    }

    private boolean isTaken(View view) {
        if (!view.queued.compareAndSet(true, false)) {
            return false;
        }
        this.queued.decrementAndGet();
        return true;
    }

    /** One thread at a time begins reads: an answer that is there already would begin the next one inside of itself. */
    private void readNext() {
        int asked = this.reading.incrementAndGet() == 1 ? 1 : 0;
        while (asked > 0) {
            View view = this.reads.get() < READS ? dequeue() : null;
            if (view != null && this.views.get(view.room) != view) {
                notLoaded(view, new IllegalStateException("nobody watches it any more"));
            } else if (view != null) {
                this.reads.incrementAndGet();
                read(view);
            } else {
                asked = this.reading.addAndGet(-asked);
            }
        }
    }

    private void read(View view) {
        CompletionStage<RoomPresence> reading;
        try {
            reading = Objects.requireNonNull(
                    this.store.read(this.buckets.applyAsInt(view.room), view.room, this.maxListed));
        } catch (RuntimeException ex) {
            reading = CompletableFuture.failedFuture(ex);
        }
        reading.whenComplete((presence, failure) -> {
            this.reads.decrementAndGet();
            if (failure == null) {
                loaded(view, presence);
            } else {
                notLoaded(view, failure);
            }
            readNext();
        });
    }

    private void loaded(View view, RoomPresence read) {
        List<CompletableFuture<RoomPresence>> waiting;
        RoomPresence told;
        boolean news;
        boolean again;
        synchronized (view) {
            boolean known = view.version >= 0;
            // A store that knows less than was told has lost it, and is about to be told again.
            news = read.version() > view.version;
            if (news) {
                view.version = read.version();
                view.count = read.count();
                view.listed = read.listed();
                view.members.clear();
                read.members().forEach(member -> view.members.put(member.user(), member));
                if (known) {
                    send(view, this.codec.snapshot(view.presence()));
                }
            }
            view.stale = false;
            again = view.again;
            view.again = false;
            view.loading = again;
            told = view.presence();
            waiting = List.copyOf(view.waiting);
            view.waiting.clear();
            if (news && known) {
                this.observer.resynced(view.room);
            }
        }
        waiting.forEach(one -> one.complete(told));
        if (news) {
            tell(view, told);
        }
        if (again) {
            load(view);
        }
    }

    private void notLoaded(View view, Throwable failure) {
        logger.debug("The presence of {} cannot be read now", view.room, failure);
        List<CompletableFuture<RoomPresence>> waiting;
        synchronized (view) {
            view.loading = false;
            view.again = false;
            view.stale = true;
            view.retryAt = this.ticker.nanos() + RETRY_NANOS;
            waiting = List.copyOf(view.waiting);
            view.waiting.clear();
        }
        RealtimeException unavailable =
                new RealtimeException(ErrorCode.UNAVAILABLE, "who is in the room cannot be told now", failure);
        waiting.forEach(one -> one.completeExceptionally(unavailable));
    }

    private void send(View view, Payload payload) {
        RoutingKey key = presenceOf(view.room);
        Instant now = Instant.now();
        Event event = new Event(
                EventId.next(now.toEpochMilli()), key, "presence", payload, DELIVERY, now, null, Set.of(), null);
        try {
            this.fanout.deliver(event, FanoutListener.Origin.LOCAL);
        } catch (FanoutBacklogFullException full) {
            this.fanout.gap(key, GapReason.OVERFLOW);
        }
    }

    private static void tell(View view, RoomPresence told) {
        for (Consumer<RoomPresence> listener : view.listeners) {
            try {
                listener.accept(told);
            } catch (RuntimeException ex) {
                logger.warn("A listener of the presence of a room failed", ex);
            }
        }
    }
}
