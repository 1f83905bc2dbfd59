package io.github.realtimespring.redis;

import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.api.StatefulConnection;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one connection to the server: opens it, has it prepared, notices its end, opens the next one.
 *
 * <p>Lettuce could do that by itself, and would then send again what was not answered when the connection was lost, and
 * have the connection in use before subscriptions and scripts are there. A connection of a link is never used again once
 * it is lost; what waited for an answer fails then.
 *
 * <h2>Concurrency</h2>
 *
 * One thread opens and prepares; it may wait, and nobody waits for it. {@code connection} is written with the monitor
 * held and read by anybody. The owner is called without it.
 */
final class Link<C extends StatefulConnection<?, ?>> implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Link.class);

    private static final long FIRST_PAUSE = 20;
    private static final long LONGEST_PAUSE = 1000;

    /** How long the thread stays when there is nothing to do. */
    private static final Duration IDLE = Duration.ofSeconds(5);

    /** Who uses the connection. Called by the link's thread, but for {@code down}, which anybody calls. */
    interface Owner<C> {

        /** Completes when the connection can be used. */
        CompletionStage<?> prepare(C connection);

        void up();

        void down();
    }

    private final String name;
    private final Supplier<C> opener;
    private final Owner<? super C> owner;
    private final Duration patience;
    private final ScheduledExecutorService thread;
    private volatile @Nullable C connection;
    private volatile boolean closed;
    /** Used by the link's thread only. */
    private int failures;

    /**
     * @param opener makes a connection, and may wait for that as long as settings of the client allow
     * @param patience how long preparing may take
     */
    Link(String name, Supplier<C> opener, Owner<? super C> owner, Duration patience) {
        this.name = name;
        this.opener = opener;
        this.owner = owner;
        this.patience = patience;
        // Holds the next attempt at most.
        ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread made = new Thread(task, "realtime-redis-" + name);
            made.setDaemon(true);
            return made;
        });
        // Not needed while the connection is there, and a cluster has many of them.
        thread.setKeepAliveTime(IDLE.toMillis(), TimeUnit.MILLISECONDS);
        thread.allowCoreThreadTimeOut(true);
        this.thread = thread;
    }

    void start() {
        schedule(0);
    }

    /** The connection, if it can be used now. */
    @Nullable
    C connection() {
        return this.connection;
    }

    boolean isUp() {
        return this.connection != null;
    }

    /** Gives the connection up, whatever it may look like. */
    void reset(String why) {
        C current = this.connection;
        if (current != null) {
            logger.warn("The connection for {} to Redis is opened again: {}", this.name, why);
            lost(current);
        }
    }

    private void schedule(long millis) {
        try {
            this.thread.schedule(this::connect, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ex) {
            // Closed.
        }
    }

    private void connect() {
        C made = null;
        try {
            made = this.opener.get();
            // One that ended before anybody listened can prepare nothing.
            made.addListener(new Ends(made));
            this.owner.prepare(made).toCompletableFuture().get(this.patience.toMillis(), TimeUnit.MILLISECONDS);
            if (!use(made)) {
                throw new IllegalStateException("it was lost while it was prepared");
            }
        } catch (InterruptedException ex) {
            discard(made);
            Thread.currentThread().interrupt();
            return;
        } catch (Exception | LinkageError ex) {
            discard(made);
            again(ex);
            return;
        }
        if (this.failures > 0) {
            logger.info("Redis can be reached for {} again", this.name);
        }
        this.failures = 0;
        this.owner.up();
    }

    private synchronized boolean use(C made) {
        if (this.closed || !made.isOpen()) {
            return false;
        }
        this.connection = made;
        return true;
    }

    private void again(Throwable failure) {
        if (this.closed) {
            return;
        }
        this.failures++;
        Throwable cause = failure instanceof TimeoutException ? failure : Failures.unwrap(failure);
        if (this.failures == 1) {
            logger.warn("Redis cannot be reached for {}; that is tried again: {}", this.name, cause.toString());
        } else {
            logger.debug("Redis cannot be reached for {}", this.name, failure);
        }
        long pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(10, this.failures));
        // All nodes of an application lose their connections at the same moment.
        schedule(pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1));
    }

    private void lost(C ended) {
        synchronized (this) {
            if (this.connection != ended) {
                return;
            }
            this.connection = null;
        }
        discard(ended);
        this.owner.down();
        schedule(0);
    }

    private static void discard(@Nullable StatefulConnection<?, ?> connection) {
        if (connection != null) {
            connection.closeAsync();
        }
    }

    /**
     * No other connection is opened, and the one that there is ends behind what was written to it. Waits for that, so that
     * the client does not end it once more.
     */
    @Override
    public void close() {
        C current;
        synchronized (this) {
            this.closed = true;
            current = this.connection;
            this.connection = null;
        }
        this.thread.shutdownNow();
        if (current != null) {
            this.owner.down();
            try {
                current.closeAsync().get(1, TimeUnit.SECONDS);
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException ex) {
                logger.debug("The connection for {} was not closed in time", this.name, ex);
            }
        }
    }

    private final class Ends implements RedisConnectionStateListener {

        private final C connection;

        Ends(C connection) {
            this.connection = connection;
        }

        @Override
        public void onRedisDisconnected(RedisChannelHandler<?, ?> ended) {
            lost(this.connection);
        }
    }
}
