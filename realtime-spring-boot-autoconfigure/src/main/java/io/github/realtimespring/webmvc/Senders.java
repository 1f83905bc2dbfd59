package io.github.realtimespring.webmvc;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that run the turns of transports, oldest first. A bounded number of turns waits; who brings one more runs it
 * itself, which does not block either.
 *
 * <h2>Concurrency</h2>
 *
 * A thread that finds nothing looks again a few times, after having given its processor to others, before it sleeps: a
 * fanout pass fills thousands of queues in a row, and being woken for each would cost more than the writes. {@code
 * sleeping} counts the threads that wait and have not been promised a {@code permit}; both are changed under {@code lock},
 * which is a leaf. Who adds a turn looks at {@code sleeping} after it has added; who goes to sleep looks at the queue after
 * it has counted itself: one of them sees the other.
 */
final class Senders implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Senders.class);

    /** Looks before a thread sleeps. */
    private static final int LOOKS = 16;

    private final int threads;
    private final int capacity;
    private final AtomicInteger waiting = new AtomicInteger();
    private final ConcurrentLinkedQueue<Runnable> turns = new ConcurrentLinkedQueue<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = this.lock.newCondition();
    private volatile int sleeping;
    private int permits;
    private volatile boolean started;
    private volatile boolean closed;

    /**
     * @param capacity how many turns may wait
     */
    Senders(int threads, int capacity) {
        this.threads = threads;
        this.capacity = capacity;
    }

    /** Runs {@code turn} soon; on the caller's thread if too many wait, or once this is closed. */
    void execute(Runnable turn) {
        if (this.closed) {
            turn.run();
            return;
        }
        if (this.waiting.incrementAndGet() > this.capacity) {
            this.waiting.decrementAndGet();
            turn.run();
            return;
        }
        this.turns.add(turn);
        if (!this.started) {
            start();
        }
        if (this.sleeping > 0) {
            wakeOne();
        }
        if (this.closed) {
            // The threads may have gone before they saw it.
            drain();
        }
    }

    private void start() {
        this.lock.lock();
        try {
            if (this.started || this.closed) {
                return;
            }
            for (int i = 1; i <= this.threads; i++) {
                Thread thread = new Thread(this::run, "realtime-send-" + i);
                thread.setDaemon(true);
                thread.start();
            }
            this.started = true;
        } finally {
            this.lock.unlock();
        }
    }

    private void wakeOne() {
        this.lock.lock();
        try {
            if (this.sleeping > 0) {
                this.sleeping--;
                this.permits++;
                this.work.signal();
            }
        } finally {
            this.lock.unlock();
        }
    }

    private void run() {
        while (true) {
            Runnable turn = next();
            if (turn != null) {
                run(turn);
            } else if (!sleep()) {
                return;
            }
        }
    }

    private @Nullable Runnable next() {
        Runnable turn = poll();
        for (int look = 0; turn == null && look < LOOKS; look++) {
            Thread.yield();
            turn = poll();
        }
        return turn;
    }

    private @Nullable Runnable poll() {
        Runnable turn = this.turns.poll();
        if (turn != null) {
            this.waiting.decrementAndGet();
        }
        return turn;
    }

    /** @return whether there may be work; {@code false} once this is closed and nothing is left */
    private boolean sleep() {
        this.lock.lock();
        try {
            this.sleeping++;
            if (!this.turns.isEmpty() || this.closed) {
                this.sleeping--;
                return !this.turns.isEmpty();
            }
            while (this.permits == 0 && !this.closed) {
                this.work.awaitUninterruptibly();
            }
            if (this.permits > 0) {
                this.permits--;
            }
            return true;
        } finally {
            this.lock.unlock();
        }
    }

    private static void run(Runnable turn) {
        try {
            turn.run();
        } catch (RuntimeException | Error ex) {
            logger.error("A turn of a WebSocket transport failed", ex);
        }
    }

    private void drain() {
        for (Runnable turn = poll(); turn != null; turn = poll()) {
            run(turn);
        }
    }

    /** Turns that wait. */
    int pending() {
        return this.waiting.get();
    }

    /** Ends the threads when what waits is done. */
    @Override
    public void close() {
        this.lock.lock();
        try {
            this.closed = true;
            this.work.signalAll();
        } finally {
            this.lock.unlock();
        }
        if (!this.started) {
            drain();
        }
    }
}
