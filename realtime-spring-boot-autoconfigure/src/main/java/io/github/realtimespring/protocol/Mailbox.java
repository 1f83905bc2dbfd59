package io.github.realtimespring.protocol;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one connection still has to do, one after the other: the next item begins when the stage of the previous one is
 * complete (SPEC §8). Items run on the executor given, never on the thread that brought them.
 *
 * <p>Bounded for what clients send. Items that are owed to the application, {@link Item#isOwed()}, are always taken:
 * there is at most one per room of the connection.
 *
 * <h2>Concurrency</h2>
 *
 * Every field is guarded by this object's monitor, a leaf: nothing is called with it held. Invariant: while something
 * waits, either {@code scheduled} is true, and then exactly one run is on its way to the executor or on it, or
 * {@code current} is an item whose stage will go on, or the executor refused and {@link #check} tries again.
 */
final class Mailbox implements Runnable {

    private static final Logger logger = LoggerFactory.getLogger(Mailbox.class);

    /** Items that one run of the executor takes before it lets others have the thread. */
    private static final int BATCH = 16;

    /** One thing to do. */
    abstract static class Item {

        /** Guarded by the mailbox: the time was up. */
        private boolean late;

        /** Does it, on the executor. */
        abstract CompletionStage<?> run();

        /** It takes too long: whoever waits is told, and what the stage does from now on has no effect. */
        abstract void timedOut();

        /** The executor takes nothing, so it will not be done. */
        abstract void refused();

        /** Whether it has to be done even when the mailbox is full or the connection has ended. */
        boolean isOwed() {
            return false;
        }
    }

    private final Executor executor;
    private final int bound;
    private final long timeoutNanos;
    private final Ticker ticker;
    private final Runnable whenOver;
    private final Queue<Item> waiting = new ArrayDeque<>(2);
    private int bounded;
    private boolean scheduled;
    private boolean closed;
    private @Nullable Item current;
    private boolean returned;
    private long since;

    Mailbox(Executor executor, int bound, Duration timeout, Ticker ticker) {
        this(executor, bound, timeout, ticker, () -> {});
    }

    /** @param whenOver called each time that nothing waits and nothing runs any more after the close; on any thread */
    Mailbox(Executor executor, int bound, Duration timeout, Ticker ticker, Runnable whenOver) {
        this.whenOver = whenOver;
        this.executor = executor;
        this.bound = bound;
        this.timeoutNanos = timeout.toNanos();
        this.ticker = ticker;
    }

    /** Takes an item; false if too many wait. After the close only owed items are taken, the others silently dropped. */
    boolean offer(Item item) {
        synchronized (this) {
            if (!item.isOwed()) {
                if (this.closed) {
                    return true;
                }
                if (this.bounded >= this.bound) {
                    return false;
                }
                this.bounded++;
            }
            this.waiting.add(item);
            if (this.scheduled || this.current != null) {
                return true;
            }
            this.scheduled = true;
        }
        schedule();
        return true;
    }

    /** Drops what waits and is not owed: the connection has ended. */
    synchronized void close() {
        this.closed = true;
        this.waiting.removeIf(item -> !item.isOwed());
        this.bounded = 0;
    }

    /** Looks whether the current item is late, and whether a run that the executor refused can be had now. */
    void check(long now) {
        Item late = null;
        boolean goOn = false;
        synchronized (this) {
            Item item = this.current;
            if (item != null && !item.late && now - this.since > this.timeoutNanos) {
                item.late = true;
                late = item;
                goOn = this.returned;
            } else if (item == null && !this.scheduled && !this.waiting.isEmpty()) {
                this.scheduled = true;
                goOn = true;
            }
        }
        if (late != null) {
            late.timedOut();
            if (goOn) {
                finished(late);
            }
        } else if (goOn) {
            schedule();
        }
    }

    /** Items that wait. */
    synchronized int size() {
        return this.waiting.size();
    }

    /** Whether nothing waits and nothing runs. */
    synchronized boolean isIdle() {
        return this.waiting.isEmpty() && this.current == null;
    }

    private void schedule() {
        try {
            this.executor.execute(this);
        } catch (RejectedExecutionException ex) {
            List<Item> refused;
            synchronized (this) {
                this.scheduled = false;
                refused = new ArrayList<>(this.waiting);
                refused.removeIf(Item::isOwed);
                this.waiting.removeAll(refused);
                this.bounded = 0;
            }
            refused.forEach(Item::refused);
        }
    }

    @Override
    public void run() {
        for (int done = 0; ; done++) {
            Item item;
            boolean over = false;
            synchronized (this) {
                item = this.waiting.peek();
                if (item == null) {
                    this.scheduled = false;
                    over = this.closed;
                } else if (done < BATCH) {
                    this.waiting.remove();
                    this.bounded -= item.isOwed() ? 0 : 1;
                    this.current = item;
                    this.returned = false;
                    this.since = this.ticker.nanos();
                }
            }
            if (item == null) {
                if (over) {
                    this.whenOver.run();
                }
                return;
            }
            if (done == BATCH) {
                schedule();
                return;
            }
            CompletableFuture<?> stage = begin(item);
            boolean late;
            synchronized (this) {
                if (stage.isDone()) {
                    this.current = null;
                    continue;
                }
                this.returned = true;
                this.scheduled = false;
                late = item.late;
            }
            if (late) {
                finished(item);
            } else {
                stage.whenComplete((value, failure) -> finished(item));
            }
            return;
        }
    }

    private static CompletableFuture<?> begin(Item item) {
        try {
            return item.run().toCompletableFuture();
        } catch (RuntimeException | Error ex) {
            logger.error("An item of a mailbox failed; the next one goes on", ex);
            return CompletableFuture.completedFuture(null);
        }
    }

    private void finished(Item item) {
        boolean over;
        synchronized (this) {
            if (this.current != item) {
                return;
            }
            this.current = null;
            over = this.waiting.isEmpty();
            if (over && !this.closed || this.scheduled) {
                return;
            }
            this.scheduled = !over;
        }
        if (over) {
            this.whenOver.run();
        } else {
            schedule();
        }
    }
}
