package io.github.realtimespring.fanout;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives keys with pending work their turns, round-robin, on a few threads (SPEC §5). Passes of one key run one at a time
 * and in order; a pass over many members takes many turns, and every other key has one in between.
 *
 * <h2>Concurrency</h2>
 *
 * {@code lanes}, {@code ready}, the two sums and the queue inside every lane are guarded by {@code lock}, a leaf. A lane
 * is in {@code ready} or in somebody's hands, never both, exactly while it has work: so one thread at a time runs the
 * passes of a key, and what one turn writes is seen by the next through the lock. Passes run without the lock. The hands
 * are a worker's, or those of who brought the pass and runs it by itself: see {@link #hold}.
 */
final class FanoutScheduler implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(FanoutScheduler.class);

    /** One pass, cut into turns. */
    interface Work {
        RoutingKey key();

        /** What it holds while it waits. */
        int bytes();

        /** Handles at most {@code maxRecipients} until {@code deadline}; returns how many. */
        int turn(int maxRecipients, long deadline);

        boolean isDone();

        /** Called once, after the last turn or when the scheduler closes. */
        void end();
    }

    private final FanoutSettings settings;
    private final FanoutListener listener;
    private final Ticker ticker;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = this.lock.newCondition();
    private final Map<RoutingKey, Lane> lanes = new HashMap<>();
    private final ArrayDeque<Lane> ready = new ArrayDeque<>();
    private final List<Thread> workers = new ArrayList<>();
    /** Written under the lock. */
    private volatile int pending;

    private long pendingBytes;
    private boolean closed;

    FanoutScheduler(FanoutSettings settings, FanoutListener listener, Ticker ticker) {
        this.settings = settings;
        this.listener = listener;
        this.ticker = ticker;
    }

    void start() {
        for (int i = 1; i <= this.settings.parallelism(); i++) {
            Thread thread = new Thread(this::run, "realtime-fanout-" + i);
            thread.setDaemon(true);
            this.workers.add(thread);
            thread.start();
        }
    }

    /** Queues a pass behind those of its key. */
    void submit(Work pass) {
        add(pass, false);
    }

    /**
     * Queues a pass as {@link #submit} does, or, if nothing else is to be done, leaves it to the caller.
     *
     * @return what the caller hands to {@link #run(Lane)} in a moment; {@code null} if the pass waits for a worker
     */
    @Nullable
    Lane hold(Work pass) {
        return add(pass, true);
    }

    private @Nullable Lane add(Work pass, boolean hold) {
        this.lock.lock();
        try {
            Lane lane = this.lanes.get(pass.key());
            boolean held = hold && this.pending == 0;
            if (this.closed
                    || this.pending >= this.settings.maxPending()
                    || this.pendingBytes + pass.bytes() > this.settings.maxPendingBytes()
                    || lane != null && lane.passes.size() >= this.settings.maxPendingPerKey()) {
                throw new FanoutBacklogFullException();
            }
            if (lane == null) {
                lane = new Lane(pass.key(), held);
                this.lanes.put(pass.key(), lane);
                if (!held) {
                    this.ready.add(lane);
                    this.work.signal();
                }
            }
            lane.passes.add(pass);
            this.pending++;
            this.pendingBytes += pass.bytes();
            return held ? lane : null;
        } finally {
            this.lock.unlock();
        }
    }

    /** Passes that wait or run. */
    int pending() {
        this.lock.lock();
        try {
            return this.pending;
        } finally {
            this.lock.unlock();
        }
    }

    /** Whether nothing waits but what the caller is running. */
    boolean idle() {
        return this.pending <= 1;
    }

    private void run() {
        while (true) {
            Lane lane;
            this.lock.lock();
            try {
                while (this.ready.isEmpty() && !this.closed) {
                    this.work.await();
                }
                if (this.closed) {
                    return;
                }
                lane = this.ready.remove();
            } catch (InterruptedException ex) {
                return;
            } finally {
                this.lock.unlock();
            }
            turn(lane);
        }
    }

    private void turn(Lane lane) {
        long started = this.ticker.nanos();
        long deadline = started + this.settings.maxTurn().toNanos();
        int budget = this.settings.chunkSize()
                * Math.max(1, this.settings.tenantWeight().applyAsInt(lane.key.tenant()));
        Work pass = head(lane);
        while (pass != null) {
            boolean done = true;
            try {
                budget -= Math.max(1, pass.turn(budget, deadline));
                done = pass.isDone();
            } catch (RuntimeException | Error ex) {
                logger.error("A fanout pass failed; members not reached yet do not get the event", ex);
            }
            if (!done) {
                break;
            }
            end(pass);
            pass = next(lane, pass, budget > 0 && this.ticker.nanos() - deadline < 0);
        }
        if (pass != null) {
            giveBack(lane);
        }
        this.listener.turn(this.ticker.nanos() - started);
    }

    /** Runs one turn of what {@link #hold} left to the caller; what there is besides is a worker's. Never throws. */
    void run(Lane lane) {
        long started = this.ticker.nanos();
        Work pass = head(lane);
        boolean done = true;
        try {
            pass.turn(
                    this.settings.chunkSize(), started + this.settings.maxTurn().toNanos());
            done = pass.isDone();
        } catch (RuntimeException | Error ex) {
            logger.error("A fanout pass failed; members not reached yet do not get the event", ex);
        }
        if (done) {
            end(pass);
            next(lane, pass, false);
        } else {
            giveBack(lane);
        }
        this.listener.turn(this.ticker.nanos() - started);
    }

    private Work head(Lane lane) {
        this.lock.lock();
        try {
            return lane.passes.element();
        } finally {
            this.lock.unlock();
        }
    }

    /**
     * Takes the finished pass off the lane.
     *
     * @return the next pass if there is one and the turn goes on; otherwise {@code null}, and the lane is either gone or
     *     waits for its next turn
     */
    private @Nullable Work next(Lane lane, Work finished, boolean goOn) {
        this.lock.lock();
        try {
            lane.passes.remove();
            lane.held = false;
            this.pending--;
            this.pendingBytes -= finished.bytes();
            if (lane.passes.isEmpty()) {
                this.lanes.remove(lane.key, lane);
                return null;
            }
            if (!goOn) {
                this.ready.add(lane);
                this.work.signal();
                return null;
            }
            return lane.passes.element();
        } finally {
            this.lock.unlock();
        }
    }

    private void giveBack(Lane lane) {
        this.lock.lock();
        try {
            lane.held = false;
            if (!this.closed) {
                this.ready.add(lane);
                this.work.signal();
                return;
            }
            this.lanes.remove(lane.key, lane);
        } finally {
            this.lock.unlock();
        }
        lane.passes.forEach(FanoutScheduler::end);
    }

    private static void end(Work pass) {
        try {
            pass.end();
        } catch (RuntimeException | Error ex) {
            logger.error("What follows a fanout pass failed", ex);
        }
    }

    /** Ends the threads; passes that did not finish end as they are. */
    @Override
    public void close() {
        List<Work> left = new ArrayList<>();
        this.lock.lock();
        try {
            if (this.closed) {
                return;
            }
            this.closed = true;
            this.work.signalAll();
        } finally {
            this.lock.unlock();
        }
        for (Thread worker : this.workers) {
            try {
                worker.join(1000);
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }
        this.lock.lock();
        try {
            // The first pass of a lane that somebody holds is ended by whoever that is.
            this.lanes
                    .values()
                    .forEach(
                            lane -> lane.passes.stream().skip(lane.held ? 1 : 0).forEach(left::add));
            this.lanes.values().removeIf(lane -> !lane.held);
            this.lanes.values().forEach(lane -> {
                while (lane.passes.size() > 1) {
                    lane.passes.removeLast();
                }
            });
            this.ready.clear();
            this.pending = this.lanes.size();
            this.pendingBytes = 0;
        } finally {
            this.lock.unlock();
        }
        left.forEach(FanoutScheduler::end);
    }

    /** What waits for one key. */
    static final class Lane {

        private final RoutingKey key;
        private final ArrayDeque<Work> passes = new ArrayDeque<>(2);
        /** Whether who brought the first pass runs it. */
        private boolean held;

        private Lane(RoutingKey key, boolean held) {
            this.key = key;
            this.held = held;
        }
    }
}
