package io.github.realtimespring.shard;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The router of a node that shares a {@link NodeStore} with others (SPEC §12, docs/decisions/0020): nodes live by leases,
 * buckets are spread over those that live, and a node claims at the store what has become its own.
 *
 * <ul>
 *   <li>One renewal every {@link ShardSettings#renewal()}, and one more when {@link #refresh} says that somebody may have
 *       come or gone. Buckets cost something only when they change hands.
 *   <li>A bucket is handed over, not taken: its owner stops acting for it, releases it, and only then a claim of another
 *       node is granted. Nobody waits for an owner whose lease is over.
 *   <li>The node takes its lease for over a tenth earlier than the store does, counted by monotonic time from before it
 *       asked. So a node that was paused, or that cannot reach the store, owns nothing before another one can.
 * </ul>
 *
 * <h2>Concurrency</h2>
 *
 * Everything that changes something runs on one thread, one after the other: ticks, answers of the store, listeners.
 * {@link #ownership} is read by anybody from {@code standing} and {@code tokens}: the first is replaced as a whole, the
 * second is 0 before a listener hears of a loss and set before one hears of a gain. Of the other fields {@code hinted} is
 * set by anybody.
 *
 * @since 0.1.0
 */
public final class LeasedShardRouter implements ShardRouter, AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(LeasedShardRouter.class);

    private static final Duration LONGEST_TICK = Duration.ofSeconds(1);

    private final String origin;
    private final NodeStore store;
    private final ShardSettings settings;
    private final Ticker ticker;
    private final Executor executor;
    private final @Nullable ScheduledThreadPoolExecutor thread;
    private final List<Listener> listeners = new ArrayList<>();

    /** By bucket; 0 if it is not this node's. */
    private final AtomicLongArray tokens;
    /** Who lives, and until when this node does; {@code null} while it does not know. */
    private volatile @Nullable Standing standing;

    private volatile boolean hinted;
    private volatile boolean closed;
    private final AtomicLong failures = new AtomicLong();

    /** The last nodes that are known, whether or not this one is among the living. */
    private View view = new View(0, List.of(), new String[0]);
    /** The highest sequence or token that was seen. */
    private long known;
    /** Buckets of which the store may think that they are this node's. */
    private final BitSet recorded;
    /** Owners that stand in the way of a claim and are gone, by bucket. */
    private final Map<Integer, String> gone = new HashMap<>();

    /** Buckets of this node that it has to claim once more. */
    private final BitSet again;
    /** Until when only those may be claimed. */
    private long settled;

    /** How often the lease was over. */
    private long lapses;

    private boolean renewing;
    private boolean asking;
    /** What failed since the store last did what it was asked. */
    private int failedInARow;

    private long lastRenewal;
    /** When the first lease of another node ends, if that node does not renew it. */
    private long nextEnd;

    /** @param owners by bucket */
    private record View(long sequence, List<String> nodes, String[] owners) {}

    /** @param until by the ticker */
    private record Standing(View view, long until) {}

    /**
     * @param origin names this process
     * @param store is used until {@link #leave}, and not closed
     */
    public LeasedShardRouter(String origin, NodeStore store, ShardSettings settings, Ticker ticker) {
        this(origin, store, settings, ticker, true);
    }

    private LeasedShardRouter(
            String origin, NodeStore store, ShardSettings settings, Ticker ticker, boolean automatic) {
        this.origin = origin;
        this.store = store;
        this.settings = settings;
        this.ticker = ticker;
        this.tokens = new AtomicLongArray(settings.buckets());
        this.recorded = new BitSet(settings.buckets());
        this.again = new BitSet(settings.buckets());
        this.settled = ticker.nanos();
        if (automatic) {
            // Holds the tick, what follows an answer of the store, of which there are two at most, and new listeners.
            ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
                Thread made = new Thread(task, "realtime-shards");
                made.setDaemon(true);
                return made;
            });
            this.thread = thread;
            this.executor = thread;
        } else {
            this.thread = null;
            this.executor = new Inline();
        }
    }

    /** One whose time passes only with {@link #tick}, on the thread of whoever calls or answers: for tests. */
    public static LeasedShardRouter manual(String origin, NodeStore store, ShardSettings settings, Ticker ticker) {
        return new LeasedShardRouter(origin, store, settings, ticker, false);
    }

    /** Begins to take part. Does not wait. */
    public void start() {
        if (this.thread == null) {
            tick();
        } else {
            long millis = tick(this.settings).toMillis();
            this.thread.scheduleWithFixedDelay(this::tickSafely, 0, Math.max(1, millis), TimeUnit.MILLISECONDS);
        }
    }

    private static Duration tick(ShardSettings settings) {
        Duration quarter = settings.renewal().dividedBy(4);
        return quarter.compareTo(LONGEST_TICK) < 0 ? quarter : LONGEST_TICK;
    }

    @Override
    public int buckets() {
        return this.settings.buckets();
    }

    @Override
    public int bucket(RoutingKey key) {
        return KeyHash.bucket(key, this.settings.buckets());
    }

    @Override
    public Ownership ownership(int bucket) {
        long token = this.tokens.get(Objects.checkIndex(bucket, this.settings.buckets()));
        Standing standing = this.standing;
        if (standing == null || this.ticker.nanos() - standing.until >= 0) {
            return new Ownership(bucket, null, false, 0);
        }
        if (token > 0) {
            return new Ownership(bucket, this.origin, true, token);
        }
        String owner = standing.view.owners[bucket];
        // It is about to be this node's, and somebody else may have it still.
        return new Ownership(bucket, owner.equals(this.origin) ? null : owner, false, 0);
    }

    @Override
    public void addListener(Listener listener) {
        run(() -> {
            this.listeners.add(listener);
            for (int bucket = 0; bucket < buckets(); bucket++) {
                long token = this.tokens.get(bucket);
                if (token > 0) {
                    int owned = bucket;
                    tell(listener, each -> each.taken(owned, token));
                }
            }
        });
    }

    /** Somebody may have come or gone: the store is asked at the next tick. */
    public void refresh() {
        this.hinted = true;
    }

    /** Origins of the nodes that live, as far as is known; empty while this node does not know. */
    public List<String> nodes() {
        Standing standing = this.standing;
        return standing != null && isAlive() ? standing.view.nodes : List.of();
    }

    /** How many buckets this node owns now. */
    public int owned() {
        if (!isAlive()) {
            return 0;
        }
        int owned = 0;
        for (int bucket = 0; bucket < buckets(); bucket++) {
            if (this.tokens.get(bucket) > 0) {
                owned++;
            }
        }
        return owned;
    }

    /** How often the store did not do what it was asked. */
    public long failures() {
        return this.failures.get();
    }

    private void tickSafely() {
        try {
            tick();
        } catch (RuntimeException ex) {
            logger.warn("A look at the nodes failed; the next one goes on", ex);
        }
    }

    /** One look at the time: the lease is renewed if it is time to, and what could not be claimed is tried again. */
    public void tick() {
        run(this::look);
    }

    private void look() {
        if (this.closed) {
            return;
        }
        long now = this.ticker.nanos();
        Standing standing = this.standing;
        if (standing != null && now - standing.until >= 0) {
            logger.warn(
                    "This node could not renew its lease at the store {} in time; it owns no bucket now",
                    this.store.name());
            loseAll();
            standing = null;
        }
        if (this.renewing) {
            return;
        }
        if (standing == null
                || this.hinted
                || now - this.lastRenewal >= this.settings.renewal().toNanos()
                || now - this.nextEnd >= 0) {
            renew(now);
        } else {
            ask();
        }
    }

    private void renew(long now) {
        this.hinted = false;
        this.renewing = true;
        consult(
                () -> this.store.renew(this.origin, this.settings.lease(), this.view.sequence, this.known),
                nodes -> {
                    this.renewing = false;
                    renewed(now, nodes);
                },
                () -> this.renewing = false);
    }

    /** @param asked when the lease was asked for */
    private void renewed(long asked, NodeStore.Nodes nodes) {
        long until = asked + this.settings.lease().minus(this.settings.margin()).toNanos();
        Standing before = this.standing;
        long now = this.ticker.nanos();
        if (this.closed || now - until >= 0) {
            return; // The next tick begins anew.
        }
        if (before != null && now - before.until >= 0) {
            // The lease was over when this came, whatever it says of what comes now.
            loseAll();
        }
        this.lastRenewal = asked;
        this.known = Math.max(this.known, nodes.sequence());
        List<String> origins = nodes.origins();
        if (origins != null && nodes.sequence() > this.view.sequence) {
            List<String> sorted = origins.stream().sorted().toList();
            this.view = new View(nodes.sequence(), sorted, owners(sorted));
            this.gone.clear();
        }
        if (!this.view.nodes.contains(this.origin)) {
            throw new IllegalStateException("the store " + this.store.name() + " forgot whom it answers");
        }
        this.standing = new Standing(this.view, until);
        this.nextEnd = now + nodes.firstEnd().toNanos();
        unsettled(now, nodes.unsettled());
        for (int bucket = 0; bucket < buckets(); bucket++) {
            if (this.tokens.get(bucket) > 0 && !isToOwn(bucket)) {
                lose(bucket);
            }
        }
        ask();
    }

    /** The store may not know any more what this node owns. */
    private void unsettled(long now, Duration rest) {
        long settled = now + rest.toNanos();
        if (rest.isZero() || settled - this.settled < this.settings.renewal().toNanos()) {
            return; // It is settled, or this is known.
        }
        this.settled = settled;
        for (int bucket = 0; bucket < buckets(); bucket++) {
            this.again.set(bucket, this.tokens.get(bucket) > 0 && isToOwn(bucket));
        }
    }

    private String[] owners(List<String> nodes) {
        int[] indices = Rendezvous.assign(nodes, buckets());
        String[] owners = new String[indices.length];
        for (int bucket = 0; bucket < indices.length; bucket++) {
            owners[bucket] = nodes.get(indices[bucket]);
        }
        return owners;
    }

    /** Whether the lease goes on, as far as this node knows. */
    private boolean isAlive() {
        Standing standing = this.standing;
        return standing != null && this.ticker.nanos() - standing.until < 0;
    }

    private boolean isToOwn(int bucket) {
        return this.view.owners[bucket].equals(this.origin);
    }

    /** Gives back what is another node's, then claims what is this one's. One thing at a time, so that nothing crosses. */
    private void ask() {
        if (this.asking || !isAlive()) {
            return;
        }
        List<Integer> others = new ArrayList<>();
        Map<Integer, String> own = new HashMap<>();
        boolean settled = this.ticker.nanos() - this.settled >= 0;
        for (int bucket = 0; bucket < buckets(); bucket++) {
            if (isToOwn(bucket)) {
                if (this.again.get(bucket) || settled && this.tokens.get(bucket) == 0) {
                    own.put(bucket, this.gone.getOrDefault(bucket, ""));
                }
            } else if (this.recorded.get(bucket)) {
                others.add(bucket);
            }
        }
        if (!others.isEmpty()) {
            release(others);
        } else if (!own.isEmpty()) {
            claim(own);
        }
    }

    private void release(List<Integer> buckets) {
        this.asking = true;
        consult(
                () -> this.store.release(this.origin, buckets),
                done -> {
                    this.asking = false;
                    buckets.forEach(this.recorded::clear);
                    ask();
                },
                () -> this.asking = false);
    }

    private void claim(Map<Integer, String> buckets) {
        this.asking = true;
        buckets.keySet().forEach(this.recorded::set);
        long sequence = this.view.sequence;
        long lapses = this.lapses;
        consult(
                () -> this.store.claim(this.origin, sequence, buckets),
                answers -> {
                    this.asking = false;
                    // What was granted before the lease was over may be another node's by now.
                    if (lapses != this.lapses || claimed(answers)) {
                        ask();
                    }
                },
                () -> this.asking = false);
    }

    /** @return whether more can be had at once */
    private boolean claimed(List<NodeStore.Claimed> answers) {
        boolean again = false;
        for (NodeStore.Claimed answer : answers) {
            int bucket = answer.bucket();
            this.known = Math.max(this.known, answer.token());
            if (answer.granted()) {
                this.gone.remove(bucket);
                this.again.clear(bucket);
                if (isAlive() && isToOwn(bucket)) {
                    if (this.tokens.get(bucket) > 0) {
                        lose(bucket);
                    }
                    this.tokens.set(bucket, answer.token());
                    tellAll(listener -> listener.taken(bucket, answer.token()));
                } else {
                    again = true;
                }
                continue;
            }
            if (!answer.owner().equals(this.origin)) {
                this.recorded.clear(bucket);
                if (this.tokens.get(bucket) > 0) {
                    lose(bucket);
                }
                this.again.clear(bucket);
            }
            String owner = answer.owner();
            if (!owner.isEmpty() && !this.view.nodes.contains(owner) && !owner.equals(this.gone.put(bucket, owner))) {
                again = true;
            }
        }
        if (this.known > this.view.sequence) {
            // The store lost how far it was, or others are ahead.
            this.hinted = true;
        }
        return again;
    }

    private void loseAll() {
        this.lapses++;
        this.standing = null;
        for (int bucket = 0; bucket < buckets(); bucket++) {
            if (this.tokens.get(bucket) > 0) {
                lose(bucket);
            }
        }
    }

    private void lose(int bucket) {
        this.tokens.set(bucket, 0);
        this.again.clear(bucket);
        tellAll(listener -> listener.lost(bucket));
    }

    private void tellAll(Notice notice) {
        this.listeners.forEach(listener -> tell(listener, notice));
    }

    private static void tell(Listener listener, Notice notice) {
        try {
            notice.to(listener);
        } catch (RuntimeException ex) {
            logger.warn(
                    "{} failed to hear who owns a bucket", listener.getClass().getName(), ex);
        }
    }

    private interface Notice {

        void to(Listener listener);
    }

    /** Asks the store, and goes on with its answer on the thread of everything else. */
    private <T> void consult(Supplier<CompletionStage<T>> question, Consumer<T> done, Runnable failed) {
        CompletionStage<T> stage;
        try {
            stage = question.get();
        } catch (RuntimeException ex) {
            stage = CompletableFuture.failedFuture(ex);
        }
        stage.whenComplete((value, failure) -> run(() -> {
            if (failure == null) {
                this.failedInARow = 0;
                done.accept(value);
            } else {
                failed.run();
                this.failures.incrementAndGet();
                // The first one may be under way while the connection is made.
                if (++this.failedInARow == 2) {
                    logger.warn(
                            "The store {} of nodes and buckets does not answer: {}",
                            this.store.name(),
                            failure.toString());
                }
            }
        }));
    }

    private void run(Runnable task) {
        try {
            this.executor.execute(task);
        } catch (RejectedExecutionException ex) {
            // Closed.
        }
    }

    /**
     * Owns nothing from now on, and says so at the store, so that others take over at once. It cannot be started again.
     *
     * @return completes when the store knows, or cannot be told; never fails
     */
    public CompletionStage<Void> leave() {
        CompletableFuture<Void> left = new CompletableFuture<>();
        run(() -> {
            if (this.closed) {
                left.complete(null);
                return;
            }
            this.closed = true;
            loseAll();
            CompletionStage<Void> told;
            try {
                told = this.store.leave(this.origin);
            } catch (RuntimeException ex) {
                told = CompletableFuture.failedFuture(ex);
            }
            told.whenComplete((done, failure) -> left.complete(null));
        });
        if (this.thread != null && this.thread.isShutdown()) {
            left.complete(null);
        }
        return left;
    }

    /** Ends the thread. */
    @Override
    public void close() {
        leave();
        if (this.thread != null) {
            this.thread.shutdown();
        }
    }

    /** Runs one task after the other on the thread of whoever brings the first. */
    private static final class Inline implements Executor {

        private final Queue<Runnable> tasks = new ArrayDeque<>();
        private boolean running;

        @Override
        public void execute(Runnable task) {
            synchronized (this) {
                this.tasks.add(task);
                if (this.running) {
                    return;
                }
                this.running = true;
            }
            for (Runnable next = next(); next != null; next = next()) {
                next.run();
            }
        }

        private synchronized @Nullable Runnable next() {
            Runnable next = this.tasks.poll();
            this.running = next != null;
            return next;
        }
    }
}
