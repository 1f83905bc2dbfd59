package io.github.realtimespring.kafka;

import io.github.realtimespring.RoutingKey;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One partition as this node reads it.
 *
 * <pre>
 * CLOSED → OPENING (what is there to read?) → WARMING (reads what there was) → LIVE → CLOSED
 * </pre>
 *
 * <h2>Concurrency</h2>
 *
 * Guarded by its monitor, a leaf: state, position and who waits for one. Only the thread that reads moves it on; who waits
 * is told by that thread, without the monitor.
 */
final class Partition {

    enum State {
        CLOSED,
        OPENING,
        WARMING,
        LIVE
    }

    private final int number;
    private final StreamIndex index;
    /** The keys that are subscribed; true once that is in force. */
    private final Map<RoutingKey, AtomicBoolean> subscriptions = new ConcurrentHashMap<>();
    /** The one that waits for least first. Their number is bounded by the callers', their time by what they say. */
    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>(Comparator.comparingLong(Waiting::position));

    private volatile State state = State.CLOSED;
    private long position;
    private long warm;
    private long attempts;
    /** Long ago at first. */
    private volatile long lastUse = System.nanoTime() - Long.MAX_VALUE / 2;

    private record Waiting(long position, CompletableFuture<Void> reached) {}

    Partition(int number, StreamIndex index) {
        this.number = number;
        this.index = index;
    }

    int number() {
        return this.number;
    }

    synchronized long position() {
        return this.position;
    }

    StreamIndex index() {
        return this.index;
    }

    /** Whether it is read up to the moment. */
    boolean isLive() {
        return this.state == State.LIVE;
    }

    /** Whether the consumer reads it. */
    boolean isRead() {
        State state = this.state;
        return state == State.LIVE || state == State.WARMING;
    }

    boolean isClosed() {
        return this.state == State.CLOSED;
    }

    void used() {
        this.lastUse = System.nanoTime();
    }

    /** Whether nobody here needs it. */
    boolean isIdle(long linger) {
        return this.subscriptions.isEmpty() && System.nanoTime() - this.lastUse > linger;
    }

    /** Begins a subscription; it is in force when the answer is set. */
    AtomicBoolean subscribe(RoutingKey key) {
        AtomicBoolean inForce = new AtomicBoolean();
        this.subscriptions.put(key, inForce);
        return inForce;
    }

    void unsubscribe(RoutingKey key) {
        this.subscriptions.remove(key);
        used();
    }

    boolean isSubscribed(RoutingKey key) {
        AtomicBoolean inForce = this.subscriptions.get(key);
        return inForce != null && inForce.get();
    }

    /**
     * Completes when the partition is live and everything before an offset was read: at once, or on the thread that reads.
     *
     * @param millis how long that may take
     */
    CompletionStage<Void> reached(long position, long millis) {
        synchronized (this) {
            if (this.state != State.LIVE || this.position < position) {
                CompletableFuture<Void> reached =
                        new CompletableFuture<Void>().orTimeout(millis, TimeUnit.MILLISECONDS);
                this.waiting.add(new Waiting(position, reached));
                return reached;
            }
        }
        return CompletableFuture.completedFuture(null);
    }

    /** @return names this attempt; 0 if it is not closed */
    synchronized long beginOpening() {
        if (this.state != State.CLOSED) {
            return 0;
        }
        this.state = State.OPENING;
        return ++this.attempts;
    }

    /** It could not be opened; somebody tries again. */
    synchronized void notOpened(long attempt) {
        if (this.state == State.OPENING && this.attempts == attempt) {
            this.state = State.CLOSED;
        }
    }

    /** It is read from {@code start}, and live at {@code end}; false if it is not to be opened any more. */
    synchronized boolean opened(long attempt, long start, long end) {
        if (this.state != State.OPENING || this.attempts != attempt) {
            return false;
        }
        this.state = State.WARMING;
        this.position = start;
        this.warm = end;
        return true;
    }

    /** Everything before an offset was read. True if it became live with that. */
    boolean readTo(long position) {
        boolean became = false;
        List<CompletableFuture<Void>> done = List.of();
        synchronized (this) {
            this.position = Math.max(this.position, position);
            if (this.state == State.WARMING && this.position >= this.warm) {
                this.state = State.LIVE;
                became = true;
            }
            if (this.state == State.LIVE && !this.waiting.isEmpty()) {
                done = new ArrayList<>(2);
                while (!this.waiting.isEmpty() && this.waiting.peek().position() <= this.position) {
                    done.add(this.waiting.remove().reached());
                }
            }
        }
        done.forEach(reached -> reached.complete(null));
        return became;
    }

    /** It is not read any more. Who waits goes on waiting: it may be opened again. */
    synchronized void close() {
        this.state = State.CLOSED;
    }

    /** Those go who have waited for too long. */
    synchronized void tick() {
        this.waiting.removeIf(one -> one.reached().isDone());
    }

    /** Nobody has to wait any more. */
    void fail(RuntimeException failure) {
        List<Waiting> all;
        synchronized (this) {
            this.state = State.CLOSED;
            all = List.copyOf(this.waiting);
            this.waiting.clear();
        }
        all.forEach(one -> one.reached().completeExceptionally(failure));
    }
}
