package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a share of the connections of this process to come back, so that a load balancer spreads them anew (SPEC §12): chosen
 * by chance, each told by a {@code goaway} when to come back, closed with 4500 one after the other once its queue was sent.
 * The node accepts connections all the while.
 *
 * <p>Thread-safe. A thread of its own, which exists only while connections wait for their close, does the work.
 *
 * @since 0.1.0
 */
public final class Rebalance implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Rebalance.class);

    private static final long TICK_MILLIS = 20;
    /** Fewer connections need less than the whole spread: this much each. */
    private static final Duration SPREAD_PER_CONNECTION = Duration.ofMillis(20);

    private static final long RECONNECT_JITTER_MILLIS = 1000;

    private final ProtocolSessions sessions;
    private final Duration spread;
    private final Ticker ticker;
    /** Those that were told, with the time of their close. Guarded by the monitor; empty if nothing is under way. */
    private final List<Slot> slots = new ArrayList<>();

    private @Nullable ScheduledExecutorService thread;

    private record Slot(ProtocolSession session, long due) {}

    /**
     * @param sessions whose connections go
     * @param spread over how much time the closes are spread, at most
     */
    public Rebalance(ProtocolSessions sessions, Duration spread) {
        if (spread.isNegative()) {
            throw new IllegalArgumentException("the spread must not be negative");
        }
        this.sessions = sessions;
        this.spread = spread;
        this.ticker = sessions.runtime().ticker();
    }

    /**
     * Begins to shed connections. Those that were told before and are still waiting are not chosen again, and count.
     *
     * @param share of the connections that are here now, above 0 and at most 1
     * @return how many connections are told to come back
     */
    public synchronized int shed(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("a share is above 0 and at most 1");
        }
        if (this.sessions.isDraining()) {
            return 0; // All of them go anyway.
        }
        List<ProtocolSession> candidates = new ArrayList<>();
        for (ProtocolSession session : this.sessions) {
            if (session.isOpen() && this.slots.stream().noneMatch(slot -> slot.session == session)) {
                candidates.add(session);
            }
        }
        int wanted = (int) Math.round(share * (candidates.size() + this.slots.size())) - this.slots.size();
        if (wanted <= 0) {
            return 0;
        }
        Random random = ThreadLocalRandom.current();
        Collections.shuffle(candidates, random);
        List<ProtocolSession> chosen = candidates.subList(0, wanted);
        long now = this.ticker.nanos();
        long time = Math.min(
                this.spread.toNanos(),
                SPREAD_PER_CONNECTION.multipliedBy(chosen.size()).toNanos());
        for (int i = 0; i < chosen.size(); i++) {
            ProtocolSession session = chosen.get(i);
            long slot = (long) (time * ((i + random.nextDouble()) / chosen.size()));
            Duration jitter = Duration.ofMillis((long) (random.nextDouble() * RECONNECT_JITTER_MILLIS));
            this.slots.add(new Slot(session, now + slot));
            session.announceRebalance(Duration.ofNanos(slot), jitter);
        }
        logger.info("Rebalance: {} of {} connections are told to come back", chosen.size(), this.sessions.size());
        begin();
        return chosen.size();
    }

    /** Connections that were told to come back and are not closed yet. */
    public synchronized int remaining() {
        return this.slots.size();
    }

    private void begin() {
        if (this.thread == null) {
            // One task that repeats: its queue holds no other.
            this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread made = new Thread(task, "realtime-rebalance");
                made.setDaemon(true);
                return made;
            });
            this.thread.scheduleWithFixedDelay(this::goOnSafely, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void goOnSafely() {
        try {
            goOn();
        } catch (RuntimeException ex) {
            logger.warn("A step of the rebalance failed; the next one goes on", ex);
        }
    }

    private void goOn() {
        List<ProtocolSession> due = new ArrayList<>();
        synchronized (this) {
            long now = this.ticker.nanos();
            this.slots.removeIf(slot -> {
                boolean over = now - slot.due >= 0;
                if (over) {
                    due.add(slot.session);
                }
                return over || !slot.session.isOpen();
            });
            if (this.slots.isEmpty()) {
                close();
            }
        }
        due.forEach(session -> session.connection().close(CloseReason.REBALANCE));
    }

    /** Calls it off: who was told and is not closed yet stays. */
    @Override
    public synchronized void close() {
        this.slots.clear();
        if (this.thread != null) {
            this.thread.shutdown();
            this.thread = null;
        }
    }
}
