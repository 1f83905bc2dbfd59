package io.github.realtimespring.protocol;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * When pollers have their turns: at once, or when the spacing of their answers lets them. One task serves many of them, and
 * one timer: an event for a room of thousands costs as few of either as there are batches.
 *
 * <h2>Concurrency</h2>
 *
 * {@code scheduled} says that a task is on its way which has not taken its batch yet; who adds a poller and finds it unset
 * sends one. A task takes its batch, takes the flag back and looks again: one of the two sees the other. {@code held} is
 * guarded by its own monitor, a leaf. Both hold a poller as often as its drain has been passed to them, which is once, or
 * once more for each poll with a shorter wait that took over; so connections bound them.
 */
final class PollTurns {

    /** Runs a task later. */
    interface Timer {
        void after(Duration delay, Runnable task);
    }

    /** Pollers that one task serves; others of a room are served beside it. */
    private static final int BATCH = 64;

    /** Time between two looks at who is due: those who are due in between wait for the second. */
    private static final long GRAIN = TimeUnit.MILLISECONDS.toNanos(2);

    private record Held(long due, Poller poller) {}

    private final Executor executor;
    private final Ticker ticker;
    private final Timer timer;
    private final Queue<Poller> woken = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final PriorityQueue<Held> held = new PriorityQueue<>((one, other) -> Long.signum(one.due() - other.due()));
    private boolean timing;
    /** Who is due first, while there is a timer for it. */
    private long next;
    /** Timers so far: of several only the last one, which runs out first, does anything. */
    private int timers;

    /** @param executor never the thread that delivers events; what runs there does not wait */
    PollTurns(Executor executor, Ticker ticker) {
        this(
                executor,
                ticker,
                (delay, task) -> CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS, executor)
                        .execute(task));
    }

    PollTurns(Executor executor, Ticker ticker, Timer timer) {
        this.executor = executor;
        this.ticker = ticker;
        this.timer = timer;
    }

    /** Gives {@code poller} its turn soon; from any thread. */
    void soon(Poller poller) {
        this.woken.add(poller);
        schedule();
    }

    private void schedule() {
        if (this.scheduled.compareAndSet(false, true)) {
            try {
                this.executor.execute(this::serve);
            } catch (RejectedExecutionException overloaded) {
                // The next one who is woken tries again; each poll looks for itself when it comes, too.
                this.scheduled.set(false);
            }
        }
    }

    private void serve() {
        List<Poller> batch = new ArrayList<>();
        while (batch.size() < BATCH) {
            Poller poller = this.woken.poll();
            if (poller == null) {
                break;
            }
            batch.add(poller);
        }
        this.scheduled.set(false);
        if (!this.woken.isEmpty()) {
            schedule();
        }
        batch.forEach(Poller::turn);
    }

    /** Gives {@code poller} its turn at {@code due}, a little later with those who come in between. */
    void at(long due, Poller poller) {
        int current;
        synchronized (this.held) {
            this.held.add(new Held(due, poller));
            if (this.timing && due - this.next >= 0) {
                return;
            }
            this.timing = true;
            this.next = due;
            current = ++this.timers;
        }
        time(due - this.ticker.nanos(), current);
    }

    private void time(long nanos, int timer) {
        this.timer.after(Duration.ofNanos(Math.max(GRAIN, nanos)), () -> release(timer));
    }

    private void release(int timer) {
        long now = this.ticker.nanos();
        boolean any = false;
        Held first;
        synchronized (this.held) {
            if (timer != this.timers) {
                // One that runs out earlier has taken over.
                return;
            }
            for (first = this.held.peek(); first != null && first.due() - now <= 0; first = this.held.peek()) {
                this.woken.add(this.held.remove().poller());
                any = true;
            }
            this.timing = first != null;
            if (first != null) {
                this.next = first.due();
            }
        }
        if (first != null) {
            time(first.due() - now, timer);
        }
        if (any) {
            schedule();
        }
    }

    /** Turns that wait for a thread or for their time, about. */
    int pending() {
        return this.woken.size() + held();
    }

    /** Turns that wait for their time. */
    int held() {
        synchronized (this.held) {
            return this.held.size();
        }
    }
}
