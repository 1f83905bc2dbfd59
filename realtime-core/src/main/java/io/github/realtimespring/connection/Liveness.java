package io.github.realtimespring.connection;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Visits every connection regularly: heartbeats, silent peers, send deadlines and the age of what waits (SPEC §4). It
 * runs on a thread of its own, so a long fanout never delays it, and it waits for nobody.
 *
 * <p>A visit that comes late, after a pause of the process, restarts the peers' allowances instead of ending healthy
 * connections.
 *
 * @since 0.1.0
 */
public final class Liveness implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Liveness.class);

    private final Iterable<Connection> connections;
    private final Duration interval;
    private final Duration timeout;
    private final Duration period;
    private final Ticker ticker;
    private long lastVisit;
    private @Nullable ScheduledExecutorService scheduler;

    /**
     * @param connections the live connections, safe to iterate while they change
     * @param interval time between heartbeats
     * @param timeout how much longer a peer may be silent
     */
    public Liveness(Iterable<Connection> connections, Duration interval, Duration timeout, Ticker ticker) {
        this.connections = connections;
        this.interval = interval;
        this.timeout = timeout;
        this.ticker = ticker;
        long shortest = Math.min(interval.toMillis(), timeout.toMillis()) / 4;
        this.period = Duration.ofMillis(Math.max(10, Math.min(1000, shortest)));
        this.lastVisit = ticker.nanos();
    }

    /** Begins the visits; a second call does nothing. */
    public synchronized void start() {
        if (this.scheduler == null) {
            // One task that repeats: its queue holds no other.
            ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread thread = new Thread(task, "realtime-liveness");
                thread.setDaemon(true);
                return thread;
            });
            long millis = this.period.toMillis();
            this.lastVisit = this.ticker.nanos();
            scheduler.scheduleWithFixedDelay(this::visitSafely, millis, millis, TimeUnit.MILLISECONDS);
            this.scheduler = scheduler;
        }
    }

    /** One visit, as the thread makes it. */
    public void visit() {
        long now = this.ticker.nanos();
        boolean late = now - this.lastVisit > this.period.toNanos() + this.timeout.toNanos() / 2;
        this.lastVisit = now;
        for (Connection connection : this.connections) {
            if (late) {
                connection.restartAllowance(now);
            }
            connection.tick(now, this.interval, this.timeout);
        }
    }

    private void visitSafely() {
        try {
            visit();
        } catch (RuntimeException ex) {
            logger.warn("Visiting the connections failed; the next visit goes on", ex);
        }
    }

    @Override
    public synchronized void close() {
        if (this.scheduler != null) {
            this.scheduler.shutdownNow();
            this.scheduler = null;
        }
    }
}
