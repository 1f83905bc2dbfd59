package io.github.realtimespring.test.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.Buckets;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.MemoryIdempotencyStore;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.registry.MemoryPlaceStore;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.MemoryNodeStore;
import io.github.realtimespring.shard.NodeStore;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker in memory that any number of nodes of one process share, and whose faults a test chooses: messages that are
 * dropped, doubled, late or out of order, nodes that cannot hear each other, nodes that can neither read nor write,
 * answers that never come, a store that forgets everything.
 *
 * <p>{@link #FaultyBackplane()} delivers on a thread of its own, as a broker's client does. With {@link #manual} nothing
 * arrives and nothing is answered but in {@link #deliver} and {@link #advance}, on the thread of the test; the same seed
 * then gives the same faults.
 *
 * <p>Thread-safe. Whatever a test does not turn on keeps the rules of {@link Broker}.
 *
 * @since 0.1.0
 */
public final class FaultyBackplane implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(FaultyBackplane.class);

    private static final char[] DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz".toCharArray();

    /** Into how many buckets the keys of a node are hashed whose mode is sharded. */
    public static final int BUCKETS = 16;

    private final Random random;
    private final MemoryNodeStore nodeStore;
    private final MemoryPresenceStore presenceStore;
    private final Ticker ticker;
    private final @Nullable ManualTicker manual;
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Map<RoutingKey, Stream> streams = new HashMap<>();
    private final Set<Set<String>> partitions = new HashSet<>();
    private final PriorityQueue<Delivery> queue =
            new PriorityQueue<>(Comparator.comparingLong(Delivery::due).thenComparingLong(Delivery::order));
    private final ArrayDeque<byte[]> captured = new ArrayDeque<>();
    private final Map<List<String>, Long> lastDue = new HashMap<>();
    /** Every node that there has been, in the order in which they came. */
    private final List<String> names = new ArrayList<>();

    private final MemoryIdempotencyStore keys;
    private long order;
    private long sent;
    private double dropped;
    private double duplicated;
    private double reordered;
    private long delay;
    private int streamSize = 1000;
    private @Nullable MemoryPlaceStore places;
    private boolean closed;
    private int running;
    private long ran;

    private record Delivery(long due, long order, Runnable action) {}

    /** One that delivers at once, on a thread of its own. */
    public FaultyBackplane() {
        this(0, null);
        Thread thread = new Thread(this::run, "faulty-backplane");
        thread.setDaemon(true);
        thread.start();
    }

    private FaultyBackplane(long seed, @Nullable ManualTicker manual) {
        this.random = new Random(seed);
        this.manual = manual;
        this.ticker = manual == null ? Ticker.SYSTEM : manual;
        this.keys = new MemoryIdempotencyStore(
                Duration.ofMinutes(2), ProtocolSessions.IDEMPOTENCY_LEASE, 64 << 20, 100_000, this.ticker);
        this.nodeStore = new MemoryNodeStore(this.ticker);
        this.presenceStore = new MemoryPresenceStore(this.ticker);
    }

    /** One whose time and deliveries are the test's. */
    public static FaultyBackplane manual(long seed) {
        return new FaultyBackplane(seed, new ManualTicker());
    }

    /** The time that delays and, if they are given it, nodes go by. */
    public Ticker ticker() {
        return this.ticker;
    }

    /** A node's access to the broker; what arrives at it are the keys that it subscribes. */
    public Broker broker(String node) {
        return broker(node, SubscriptionMode.LAZY);
    }

    /** A node's access to the broker, where keys are hashed into {@value #BUCKETS} buckets if its mode is sharded. */
    public synchronized Broker broker(String node, SubscriptionMode mode) {
        Node broker = new Node(node, mode);
        if (this.nodes.putIfAbsent(node, broker) != null) {
            throw new IllegalArgumentException("there is a node " + node + " already");
        }
        this.names.add(node);
        return broker;
    }

    /**
     * A node's access to the idempotency keys that all nodes share. They are there as long as this backplane is; a node that
     * cannot read or cannot write cannot use them, and knows it at once.
     */
    public IdempotencyStore idempotencyKeys(String node) {
        return new Keys(node);
    }

    /**
     * What a node has of the places of users, which all nodes share; it cannot be asked while the node is unreadable or
     * unwritable, or is gone.
     *
     * @param lease how long a place lasts that is not renewed; the same for all nodes
     */
    public synchronized PlaceStore places(String node, Duration lease) {
        MemoryPlaceStore shared = this.places == null ? new MemoryPlaceStore(this.ticker, lease) : this.places;
        this.places = shared;
        return new FaultyPlaceStore(shared, () -> isReachable(node));
    }

    private synchronized boolean isReachable(String name) {
        Node node = this.nodes.get(name);
        return node != null && node.readable && node.writable;
    }

    /** Nobody has a place any more, as far as the store knows. */
    public synchronized FaultyBackplane forgetPlaces() {
        if (this.places != null) {
            this.places.clear();
        }
        return this;
    }

    /** A share of what would arrive somewhere does not, from 0 to 1. What a stream was given stays there. */
    public synchronized FaultyBackplane drop(double share) {
        this.dropped = share;
        return this;
    }

    /** A share of what arrives somewhere arrives twice. */
    public synchronized FaultyBackplane duplicate(double share) {
        this.duplicated = share;
        return this;
    }

    /** A share of what arrives somewhere is overtaken by what is sent in the next 100 ms. */
    public synchronized FaultyBackplane reorder(double share) {
        this.reordered = share;
        return this;
    }

    /** Everything takes up to this time, at random, and keeps its order. */
    public synchronized FaultyBackplane delay(Duration most) {
        this.delay = most.toNanos();
        return this;
    }

    /** Nothing that one of two nodes sends arrives at the other; both reach the store. */
    public synchronized FaultyBackplane partition(String one, String other) {
        this.partitions.add(Set.of(one, other));
        return this;
    }

    /** As with the names of the nodes, by the order in which they came, from 0 on. */
    public synchronized FaultyBackplane partition(int one, int other) {
        return partition(this.names.get(one), this.names.get(other));
    }

    /** Nothing arrives at a node, and it cannot read the store. */
    public synchronized FaultyBackplane unreadable(String node) {
        node(node).readable = false;
        return this;
    }

    /** As with the name of the node, by the order in which they came, from 0 on. */
    public synchronized FaultyBackplane unreadable(int node) {
        return unreadable(this.names.get(node));
    }

    /** A node can send nothing, and knows it at once. */
    public synchronized FaultyBackplane unwritable(String node) {
        node(node).writable = false;
        return this;
    }

    /** As with the name of the node, by the order in which they came, from 0 on. */
    public synchronized FaultyBackplane unwritable(int node) {
        return unwritable(this.names.get(node));
    }

    /** What a node sends arrives, and the answer does not. */
    public synchronized FaultyBackplane unanswered(String node) {
        node(node).answered = false;
        return this;
    }

    /**
     * From now on no fault happens; nodes that were unreadable are told that they may have missed something, and those that
     * could not read or write that they can.
     */
    public FaultyBackplane heal() {
        List<Node> back = new ArrayList<>();
        List<Node> connected = new ArrayList<>();
        synchronized (this) {
            this.dropped = 0;
            this.duplicated = 0;
            this.reordered = 0;
            this.delay = 0;
            this.partitions.clear();
            for (Node node : this.nodes.values()) {
                if (!node.readable) {
                    back.add(node);
                }
                if (!node.readable || !node.writable) {
                    connected.add(node);
                }
                node.readable = true;
                node.writable = true;
                node.answered = true;
            }
            for (Node node : back) {
                Broker.Listener listener = node.listener;
                if (listener != null) {
                    enqueue(now(), listener::reconnected);
                }
            }
            for (Node node : connected) {
                Broker.Listener listener = node.listener;
                if (listener != null) {
                    enqueue(now(), listener::connected);
                }
            }
        }
        return this;
    }

    /**
     * The leases of the nodes and the owners of buckets, with the faults of a node: one that cannot write is told at once,
     * one that cannot read gets no answer to go by, and neither does one whose answers do not come, whatever was done.
     */
    public NodeStore nodeStore(String node) {
        return new FaultyNodeStore(this.nodeStore, faults(node));
    }

    /** Who is in which room, with the faults of a node as those of its leases. */
    public PresenceStore presenceStore(String node) {
        return new FaultyPresenceStore(this.presenceStore, faults(node));
    }

    /** What all nodes share of that, without faults. */
    public MemoryPresenceStore presenceStore() {
        return this.presenceStore;
    }

    private FaultyNodeStore.Faults faults(String node) {
        return new FaultyNodeStore.Faults() {
            @Override
            public <T> CompletionStage<T> ask(Supplier<CompletionStage<T>> question) {
                return FaultyBackplane.this.ask(node, question);
            }
        };
    }

    /** What all nodes share of that, without faults. */
    public MemoryNodeStore nodeStore() {
        return this.nodeStore;
    }

    private <T> CompletionStage<T> ask(String name, Supplier<CompletionStage<T>> question) {
        synchronized (this) {
            Node node = this.nodes.get(name);
            if (node == null || !node.writable) {
                return failure(new NotSentException("the store cannot be reached"));
            }
            CompletableFuture<T> answer = new CompletableFuture<>();
            boolean answered = node.readable && node.answered;
            question.get()
                    .whenComplete((value, failure) -> enqueue(now(), () -> {
                        if (!answered) {
                            answer.completeExceptionally(new TimeoutException("the store did not answer"));
                        } else if (failure != null) {
                            answer.completeExceptionally(failure);
                        } else {
                            answer.complete(value);
                        }
                    }));
            return answer;
        }
    }

    /** Every stream is lost; those that follow have other epochs. */
    public synchronized FaultyBackplane forgetStreams() {
        this.streams.clear();
        return this;
    }

    /** How many events of a key the store keeps. */
    public synchronized FaultyBackplane streamSize(int events) {
        this.streamSize = events;
        return this;
    }

    /** Brings bytes to every subscriber of a key as if a node had sent them. */
    public synchronized void inject(RoutingKey channel, byte[] bytes, @Nullable Cursor cursor) {
        for (Node node : this.nodes.values()) {
            enqueue(now(), () -> node.receive(channel, bytes, cursor));
        }
    }

    /** Brings bytes to every node as if one had announced them. */
    public synchronized void injectBeacon(byte[] bytes) {
        for (Node node : this.nodes.values()) {
            enqueue(now(), () -> node.hear(bytes));
        }
    }

    /** The last bytes that were sent, appended or announced by anybody: for tests that change them. */
    public synchronized List<byte[]> captured() {
        return List.copyOf(this.captured);
    }

    /** How many keys, or buckets of keys, a node has subscribed. */
    public synchronized int subscriptions(String node) {
        return node(node).subscribed.size();
    }

    /** How many messages arrived at a node, beacons apart. */
    public synchronized long arrivals(String node) {
        return node(node).arrivals;
    }

    /** How much has arrived anywhere, beacons and answers included; -1 while something is on its way. */
    public synchronized long arrivalsAtRest() {
        return this.running > 0 || !this.queue.isEmpty() ? -1 : this.ran;
    }

    /** How many envelopes were sent or appended. */
    public synchronized long sent() {
        return this.sent;
    }

    /** Delivers everything that is due, what follows from it included. */
    public void deliver() {
        requireManual();
        for (Runnable action = nextDue(); action != null; action = nextDue()) {
            run(action);
        }
    }

    /** Moves time on and delivers in the order of time. */
    public void advance(Duration duration) {
        ManualTicker ticker = requireManual();
        long end = ticker.nanos() + duration.toNanos();
        deliver();
        while (true) {
            long next;
            synchronized (this) {
                Delivery first = this.queue.peek();
                next = first == null ? Long.MAX_VALUE : first.due();
            }
            if (next > end) {
                ticker.advance(Duration.ofNanos(end - ticker.nanos()));
                return;
            }
            ticker.advance(Duration.ofNanos(Math.max(0, next - ticker.nanos())));
            deliver();
        }
    }

    private ManualTicker requireManual() {
        return Objects.requireNonNull(this.manual, "this backplane delivers by itself");
    }

    @Override
    public synchronized void close() {
        this.closed = true;
        this.queue.clear();
        notifyAll();
    }

    private long now() {
        return this.ticker.nanos();
    }

    private Node node(String name) {
        Node node = this.nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("there is no node " + name);
        }
        return node;
    }

    private void enqueue(long due, Runnable action) {
        if (!this.closed) {
            this.queue.add(new Delivery(due, this.order++, action));
            notifyAll();
        }
    }

    private synchronized @Nullable Runnable nextDue() {
        Delivery first = this.queue.peek();
        if (first == null || first.due() > now()) {
            return null;
        }
        this.running++;
        return this.queue.remove().action();
    }

    private void run() {
        while (true) {
            Runnable action;
            synchronized (this) {
                try {
                    while (!this.closed
                            && (this.queue.isEmpty() || this.queue.peek().due() > now())) {
                        long wait = this.queue.isEmpty() ? 0 : this.queue.peek().due() - now();
                        wait(wait / 1_000_000, (int) Math.max(1, wait % 1_000_000));
                    }
                } catch (InterruptedException ex) {
                    return;
                }
                if (this.closed) {
                    return;
                }
                this.running++;
                action = this.queue.remove().action();
            }
            run(action);
        }
    }

    private void run(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException ex) {
            logger.error("What a backplane brought was not taken", ex);
        } finally {
            synchronized (this) {
                this.running--;
                this.ran++;
            }
        }
    }

    /** Sends from one node to all, with the faults of the moment. */
    private void spread(Node from, byte[] bytes, boolean beacon, Consumer<Node> arrival) {
        this.captured.addLast(bytes);
        if (this.captured.size() > 64) {
            this.captured.removeFirst();
        }
        for (Node to : this.nodes.values()) {
            if (this.partitions.contains(Set.of(from.name, to == from ? "" : to.name)) || chance(this.dropped)) {
                continue;
            }
            List<String> way = List.of(from.name, to.name);
            long due = now() + (this.delay == 0 ? 0 : (long) (this.random.nextDouble() * this.delay));
            due = Math.max(due, this.lastDue.getOrDefault(way, due));
            this.lastDue.put(way, due);
            if (!beacon && chance(this.reordered)) {
                due += (long) (this.random.nextDouble() * 100_000_000);
            }
            enqueue(due, () -> arrival.accept(to));
            if (chance(this.duplicated)) {
                enqueue(due + (long) (this.random.nextDouble() * this.delay), () -> arrival.accept(to));
            }
        }
    }

    private boolean chance(double share) {
        return share > 0 && this.random.nextDouble() < share;
    }

    private <T> CompletionStage<T> answer(Node node, Supplier<T> value) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        T result = value.get();
        if (node.answered) {
            enqueue(now(), () -> answer.complete(result));
        }
        return answer;
    }

    private <T> CompletionStage<T> failure(RuntimeException failure) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        enqueue(now(), () -> answer.completeExceptionally(failure));
        return answer;
    }

    private Stream stream(RoutingKey key) {
        return this.streams.computeIfAbsent(key, none -> new Stream(epoch()));
    }

    private String epoch() {
        StringBuilder epoch = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            epoch.append(DIGITS[this.random.nextInt(DIGITS.length)]);
        }
        return epoch.toString();
    }

    /** One key's stream: the last of its entries. Guarded by the backplane's monitor. */
    private static final class Stream {

        private final String epoch;
        private final ArrayDeque<Broker.Entry> entries = new ArrayDeque<>();
        private final Map<String, Cursor> places = new HashMap<>();
        private long offset;

        Stream(String epoch) {
            this.epoch = epoch;
        }

        Cursor head() {
            return new Cursor(this.epoch, this.offset);
        }

        Broker.Slice read(Cursor after, int limit) {
            long missed = this.offset - after.offset();
            if (!after.epoch().equals(this.epoch) || missed < 0 || missed > this.entries.size()) {
                return Broker.Slice.lost(head());
            }
            List<Broker.Entry> found = this.entries.stream()
                    .filter(entry -> entry.cursor().offset() > after.offset())
                    .limit(limit)
                    .toList();
            return new Broker.Slice(true, found, missed, head());
        }
    }

    /** What one node sees. Its fields are guarded by the backplane's monitor. */
    private final class Node implements Broker {

        private final String name;
        private final SubscriptionMode mode;
        private final Buckets buckets;
        /** Keys, or numbers of buckets. */
        private final Set<Object> subscribed = new HashSet<>();

        private Broker.@Nullable Listener listener;
        private boolean readable = true;
        private boolean writable = true;
        private boolean answered = true;
        private boolean gone;
        private long arrivals;

        Node(String name, SubscriptionMode mode) {
            this.name = name;
            this.mode = mode;
            this.buckets = new Buckets(BUCKETS, this::begin, this::end);
        }

        @Override
        public String name() {
            return "memory";
        }

        @Override
        public SubscriptionMode mode() {
            return this.mode;
        }

        @Override
        public void start(Listener listener) {
            synchronized (FaultyBackplane.this) {
                this.listener = listener;
            }
        }

        @Override
        public CompletionStage<Void> send(RoutingKey key, byte[] envelope) {
            synchronized (FaultyBackplane.this) {
                if (!this.writable || this.gone) {
                    return failure(new NotSentException("the backplane cannot be written"));
                }
                FaultyBackplane.this.sent++;
                spread(this, envelope, false, node -> node.receive(key, envelope, null));
                return answer(this, FaultyBackplane::nothing);
            }
        }

        @Override
        public CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope) {
            synchronized (FaultyBackplane.this) {
                if (!this.writable || this.gone) {
                    return failure(new NotSentException("the backplane cannot be written"));
                }
                Stream stream = stream(key);
                Cursor place = stream.places.get(eventId);
                if (place == null) {
                    place = new Cursor(stream.epoch, ++stream.offset);
                    stream.places.put(eventId, place);
                    stream.entries.add(new Entry(place, envelope));
                    while (stream.entries.size() > FaultyBackplane.this.streamSize) {
                        stream.entries.remove();
                    }
                    FaultyBackplane.this.sent++;
                    Cursor cursor = place;
                    spread(this, envelope, false, node -> node.receive(key, envelope, cursor));
                }
                Cursor cursor = place;
                return answer(this, () -> cursor);
            }
        }

        @Override
        public CompletionStage<Void> announce(byte[] beacon) {
            synchronized (FaultyBackplane.this) {
                if (!this.writable || this.gone) {
                    return failure(new NotSentException("the backplane cannot be written"));
                }
                spread(this, beacon, true, node -> node.hear(beacon));
                return answer(this, FaultyBackplane::nothing);
            }
        }

        @Override
        public CompletionStage<Void> subscribe(RoutingKey key) {
            return switch (this.mode) {
                case EAGER -> CompletableFuture.completedFuture(null);
                case LAZY -> begin(key);
                case SHARDED -> this.buckets.subscribe(key);
            };
        }

        private CompletionStage<Void> begin(Object channel) {
            synchronized (FaultyBackplane.this) {
                if (!this.readable || this.gone) {
                    return failure(new IllegalStateException("the backplane cannot be read"));
                }
                CompletableFuture<Void> inForce = new CompletableFuture<>();
                enqueue(now(), () -> {
                    synchronized (FaultyBackplane.this) {
                        this.subscribed.add(channel);
                    }
                    inForce.complete(null);
                });
                return inForce;
            }
        }

        @Override
        public CompletionStage<Void> unsubscribe(RoutingKey key) {
            if (this.mode == SubscriptionMode.LAZY) {
                return end(key);
            }
            if (this.mode == SubscriptionMode.SHARDED) {
                this.buckets.unsubscribe(key);
            }
            return CompletableFuture.completedFuture(null);
        }

        private CompletionStage<Void> end(Object channel) {
            synchronized (FaultyBackplane.this) {
                CompletableFuture<Void> ended = new CompletableFuture<>();
                enqueue(now(), () -> {
                    synchronized (FaultyBackplane.this) {
                        this.subscribed.remove(channel);
                    }
                    ended.complete(null);
                });
                return ended;
            }
        }

        private boolean brings(RoutingKey key) {
            return switch (this.mode) {
                case EAGER -> true;
                case LAZY -> this.subscribed.contains(key);
                case SHARDED -> this.subscribed.contains(this.buckets.of(key));
            };
        }

        @Override
        public CompletionStage<Cursor> head(RoutingKey key) {
            return look(() -> stream(key).head());
        }

        @Override
        public CompletionStage<Slice> read(RoutingKey key, Cursor after, int limit) {
            return look(() -> stream(key).read(after, limit));
        }

        @Override
        public CompletionStage<Long> size(RoutingKey key) {
            return look(() -> (long) stream(key).entries.size());
        }

        /** Looks at the store when its turn comes. */
        private <T> CompletionStage<T> look(Supplier<T> value) {
            synchronized (FaultyBackplane.this) {
                CompletableFuture<T> answer = new CompletableFuture<>();
                enqueue(now(), () -> {
                    T found = null;
                    synchronized (FaultyBackplane.this) {
                        if (this.readable && !this.gone) {
                            found = value.get();
                        }
                    }
                    if (found == null) {
                        answer.completeExceptionally(new IllegalStateException("the backplane cannot be read"));
                    } else {
                        answer.complete(found);
                    }
                });
                return answer;
            }
        }

        @Override
        public void close() {
            synchronized (FaultyBackplane.this) {
                this.gone = true;
                this.listener = null;
                this.subscribed.clear();
                FaultyBackplane.this.nodes.remove(this.name, this);
            }
        }

        private void receive(RoutingKey key, byte[] envelope, @Nullable Cursor cursor) {
            Listener listener;
            synchronized (FaultyBackplane.this) {
                listener = this.listener;
                if (listener == null || !this.readable || !brings(key)) {
                    return;
                }
                this.arrivals++;
            }
            listener.received(key, envelope, cursor);
        }

        private void hear(byte[] beacon) {
            Listener listener;
            synchronized (FaultyBackplane.this) {
                listener = this.readable ? this.listener : null;
            }
            if (listener != null) {
                listener.announced(beacon);
            }
        }
    }

    /** What one node sees of the idempotency keys. */
    private final class Keys implements IdempotencyStore {

        private final String name;

        Keys(String name) {
            this.name = name;
        }

        private <T> CompletionStage<T> use(Supplier<CompletionStage<T>> action) {
            synchronized (FaultyBackplane.this) {
                Node node = FaultyBackplane.this.nodes.get(this.name);
                if (node == null || !node.readable || !node.writable) {
                    return CompletableFuture.failedFuture(new NotSentException("the store cannot be reached"));
                }
                return action.get();
            }
        }

        @Override
        public CompletionStage<Claim> claim(Scope scope, String holder, String eventId) {
            return use(() -> FaultyBackplane.this.keys.claim(scope, holder, eventId));
        }

        @Override
        public CompletionStage<Void> answer(Scope scope, String eventId, byte[] answer) {
            return use(() -> FaultyBackplane.this.keys.answer(scope, eventId, answer));
        }

        @Override
        public CompletionStage<Void> release(Scope scope, String holder, String eventId) {
            return use(() -> FaultyBackplane.this.keys.release(scope, holder, eventId));
        }
    }

    private static @Nullable Void nothing() {
        return null;
    }
}
