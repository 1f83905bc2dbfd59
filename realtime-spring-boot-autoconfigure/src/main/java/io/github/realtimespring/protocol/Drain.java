package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the clients of this process go in an orderly way (SPEC §13): nothing new is accepted, every client is told, the
 * closes are spread so that the other nodes are not run over, and every queue is flushed before its connection closes
 * with 1012. What is published meanwhile reaches the connections that are still held.
 *
 * <p>Thread-safe. A thread of its own, which exists only while it drains, does the work; nobody waits unless they wait
 * for the stage. It can be called off and started again.
 *
 * <h2>Concurrency</h2>
 *
 * The fields are guarded by this object's monitor; neither the listener nor a connection is called with it held. The
 * slots belong to the thread of one drain.
 *
 * @since 0.1.0
 */
public final class Drain implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Drain.class);

    private static final long TICK_MILLIS = 20;
    /** Fewer connections need less than the whole spread: this much each. */
    private static final Duration SPREAD_PER_CONNECTION = Duration.ofMillis(20);

    private static final long RECONNECT_JITTER_MILLIS = 1000;

    /**
     * Turns between the last close and the end. Behind it a server closes its sockets, and one that has something unread,
     * such as the answer to the close or what the client was sending meanwhile, is reset: then the client never sees the
     * close that is on its way. This is a round trip and more.
     */
    private static final int LAST_TURNS = 25;

    /** What an action takes of the time that the clients have. */
    private static final long ACTION_SECONDS = 2;

    /** Where the drain is, for gauges: 0, 1, 2. */
    public enum State {
        RUNNING,
        DRAINING,
        DRAINED
    }

    /** The steps, in their order. */
    public enum Step {
        /** Readiness goes off; new handshakes, joins and publishes are refused. */
        REFUSING,
        /** Every client has its {@code goaway}; connections close one after the other. */
        ANNOUNCED,
        /** Every connection has been told to close; the last queues flush. */
        FLUSHING,
        /** No connection is left, or the timeout is over. */
        DRAINED,
        /** Behind that, when the node stops: the backplane is closed, and nothing arrives any more. */
        DETACHED,
        /** The drain was called off; everything is accepted again. */
        RESUMED
    }

    /**
     * How far a drain is.
     *
     * @param step the last one; {@code null} while there is no drain
     * @param remaining connections that are still held
     * @param time since the drain began; {@code null} while there is none
     */
    public record Progress(
            State state,
            @Nullable Step step,
            int remaining,
            @Nullable Duration time) {}

    private final ProtocolSessions sessions;
    private final List<DrainAction> actions;
    private final Duration spread;
    private final Duration timeout;
    private final DrainListener listener;
    private final Ticker ticker;
    private @Nullable Run current;
    private State state = State.RUNNING;
    private @Nullable Step step;

    /** One without actions. */
    public Drain(ProtocolSessions sessions, Duration spread, Duration timeout, DrainListener listener) {
        this(sessions, List.of(), spread, timeout, listener);
    }

    /**
     * @param sessions whose connections go
     * @param actions what is done besides, step by step
     * @param spread over how much time the closes are spread, at most
     * @param timeout when it ends even if connections are left
     */
    public Drain(
            ProtocolSessions sessions,
            List<DrainAction> actions,
            Duration spread,
            Duration timeout,
            DrainListener listener) {
        if (spread.isNegative() || timeout.isNegative()) {
            throw new IllegalArgumentException("spread and timeout of a drain must not be negative");
        }
        this.sessions = sessions;
        this.actions = List.copyOf(actions);
        this.spread = spread;
        this.timeout = timeout;
        this.listener = listener;
        this.ticker = sessions.runtime().ticker();
    }

    /** Begins to drain, or joins the drain under way; the stage completes at its end and never fails. */
    public CompletionStage<Void> start() {
        Run run;
        synchronized (this) {
            Run current = this.current;
            if (current != null) {
                return current.done.copy();
            }
            run = new Run(this.ticker.nanos());
            this.current = run;
            this.state = State.DRAINING;
            this.sessions.draining(true);
        }
        tell(Step.REFUSING);
        run.begin();
        return run.done.copy();
    }

    /** Calls the drain off: connections that are left stay, and everything is accepted again. */
    public void stop() {
        Run run;
        synchronized (this) {
            run = this.current;
            if (run == null) {
                return;
            }
            this.current = null;
            this.state = State.RUNNING;
            this.sessions.draining(false);
        }
        run.end();
        this.actions.forEach(this::undo);
        tell(Step.RESUMED);
    }

    private void undo(DrainAction action) {
        try {
            action.undo();
        } catch (RuntimeException ex) {
            logger.warn("Drain: calling {} off failed", action.name(), ex);
        }
    }

    /** The backplane has been closed behind this drain, or without one. */
    public void detached() {
        tell(Step.DETACHED);
    }

    /** How far it is. */
    public synchronized Progress progress() {
        Run run = this.current;
        Duration time = run == null ? null : Duration.ofNanos(this.ticker.nanos() - run.began);
        return new Progress(this.state, run == null ? null : this.step, remaining(), time);
    }

    public synchronized State state() {
        return this.state;
    }

    /** Connections that are still held. */
    public int remaining() {
        return this.sessions.size();
    }

    private void drained(Run run) {
        synchronized (this) {
            if (this.current != run) {
                return;
            }
            this.state = State.DRAINED;
        }
        tell(Step.DRAINED);
        run.end();
    }

    private synchronized boolean isCurrent(Run run) {
        return this.current == run;
    }

    private void tell(Step step) {
        Progress progress;
        synchronized (this) {
            this.step = step;
            progress = progress();
        }
        int remaining = progress.remaining();
        Duration time = progress.time();
        logger.info(
                "Drain: {}, {} connections held{}",
                step.name().toLowerCase(Locale.ROOT),
                remaining,
                time == null ? "" : ", after " + time.toMillis() + " ms");
        try {
            this.listener.step(step, remaining);
        } catch (RuntimeException ex) {
            // Behind one may be whatever an application does when its readiness changes.
            logger.warn("Drain: a listener failed at {}, the drain goes on", step, ex);
        }
    }

    /** Ends the thread; the state stays. */
    @Override
    public void close() {
        Run run;
        synchronized (this) {
            run = this.current;
        }
        if (run != null) {
            run.end();
        }
    }

    /** One drain, from its start to its end. */
    private final class Run {

        private final long began;
        private final CompletableFuture<Void> done = new CompletableFuture<>();
        /** Has one task that repeats: its queue holds no other. */
        private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "realtime-drain");
            thread.setDaemon(true);
            return thread;
        });
        /** When each connection closes. */
        private final Map<ProtocolSession, Long> slots = new IdentityHashMap<>();

        private boolean announced;
        private boolean flushing;
        private int emptyTurns;
        /** The actions of a step, while and after they are done. */
        private final Map<Step, CompletableFuture<?>> actions = new EnumMap<>(Step.class);

        Run(long began) {
            this.began = began;
        }

        void begin() {
            if (isDone(Step.REFUSING) && Drain.this.sessions.size() == 0 && isDone(Step.FLUSHING)) {
                drained(this);
                return;
            }
            this.scheduler.scheduleWithFixedDelay(this::goOnSafely, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }

        private void goOnSafely() {
            try {
                goOn();
            } catch (RuntimeException ex) {
                logger.warn("A step of the drain failed; the next one goes on", ex);
            }
        }

        private void goOn() {
            if (!isCurrent(this)) {
                return;
            }
            long now = Drain.this.ticker.nanos();
            if (!isDone(Step.REFUSING) && !isOver(now)) {
                return;
            }
            announce(now);
            boolean waiting = false;
            for (ProtocolSession session : Drain.this.sessions) {
                Long slot = this.slots.get(session);
                if (slot != null && now - slot >= 0) {
                    session.connection().close(CloseReason.DRAINING);
                } else {
                    waiting |= session.isOpen();
                }
            }
            if (!waiting && !this.flushing) {
                this.flushing = true;
                tell(Step.FLUSHING);
            }
            boolean empty = Drain.this.sessions.size() == 0;
            if (empty && isDone(Step.FLUSHING) && (this.slots.isEmpty() || ++this.emptyTurns > LAST_TURNS)) {
                drained(this);
            } else if (isOver(now)) {
                logger.warn(
                        empty
                                ? "Drain: the timeout is over, {} connections are left and an action is not done"
                                : "Drain: the timeout is over, {} connections are left",
                        remaining());
                Drain.this.sessions.forEach(session -> session.connection().close(CloseReason.DRAINING));
                // Begun at least: there is no time left to wait for it.
                isDone(Step.FLUSHING);
                drained(this);
            }
        }

        private boolean isOver(long now) {
            return now - this.began >= Drain.this.timeout.toNanos();
        }

        /** Begins the actions of a step once, and says whether all are done. */
        private boolean isDone(Step step) {
            CompletableFuture<?> all = this.actions.get(step);
            if (all == null) {
                all = CompletableFuture.allOf(Drain.this.actions.stream()
                        .filter(action -> action.after() == step)
                        .map(this::run)
                        .toArray(CompletableFuture[]::new));
                this.actions.put(step, all);
            }
            return all.isDone();
        }

        private CompletableFuture<?> run(DrainAction action) {
            CompletableFuture<?> result;
            try {
                result = action.run().toCompletableFuture();
            } catch (RuntimeException ex) {
                result = CompletableFuture.failedFuture(ex);
            }
            return result.copy().orTimeout(ACTION_SECONDS, TimeUnit.SECONDS).handle((done, failure) -> {
                if (failure != null) {
                    logger.warn("Drain: {} failed, the next step goes on", action.name(), failure);
                }
                return done;
            });
        }

        /** Gives a slot to everybody who has none: at first to all, later to who was being admitted. */
        private void announce(long now) {
            List<ProtocolSession> fresh = new ArrayList<>();
            for (ProtocolSession session : Drain.this.sessions) {
                if (session.isOpen() && !this.slots.containsKey(session)) {
                    fresh.add(session);
                }
            }
            ThreadLocalRandom random = ThreadLocalRandom.current();
            long wanted = SPREAD_PER_CONNECTION.multipliedBy(fresh.size()).toNanos();
            long spread = Math.min(Drain.this.spread.toNanos(), wanted);
            for (int i = 0; i < fresh.size(); i++) {
                ProtocolSession session = fresh.get(i);
                long slot = (long) (spread * ((i + random.nextDouble()) / fresh.size()));
                Duration jitter = Duration.ofMillis(random.nextLong(RECONNECT_JITTER_MILLIS));
                this.slots.put(session, now + slot);
                session.announceDrain(Duration.ofNanos(slot), jitter);
            }
            if (!this.announced) {
                this.announced = true;
                tell(Step.ANNOUNCED);
            }
        }

        void end() {
            this.scheduler.shutdown();
            this.done.complete(null);
        }
    }
}
