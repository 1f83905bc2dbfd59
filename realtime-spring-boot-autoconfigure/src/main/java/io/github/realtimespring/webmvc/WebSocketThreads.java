package io.github.realtimespring.webmvc;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;

/**
 * The few threads that write to WebSocket sessions and to responses, and the few that close sessions, shared by all
 * transports of an application. Senders never wait for a peer; closers wait a little for a message in flight, so that a client which is
 * slow but alive sees its close code.
 *
 * <p>Both wait in bounded queues. When senders are behind, the caller sends itself, which does not block either. When
 * closers are behind, they wait less and less; when their queue is full, the caller cuts the session itself.
 *
 * @since 0.1.0
 */
public final class WebSocketThreads implements AutoCloseable {

    private static final int SEND_BACKLOG = 16 << 10;
    private static final int CLOSE_BACKLOG = 16 << 10;
    private static final int CLOSERS = 2;

    /** Closes that wait when closers stop to wait for anybody. */
    private static final int BEHIND = 32;

    /** Nobody waits: also on a busy machine the report of a message in flight comes within this time. */
    private static final long PATIENT_MILLIS = 500;

    private static final long BRISK_MILLIS = 50;
    private static final long IMPATIENT_MILLIS = 1;

    private final Senders senders;
    private final ThreadPoolExecutor closers;

    public WebSocketThreads() {
        this(Runtime.getRuntime().availableProcessors());
    }

    /**
     * @param senders how many threads write
     */
    public WebSocketThreads(int senders) {
        this.senders = new Senders(senders, SEND_BACKLOG);
        this.closers = pool(CLOSERS, CLOSE_BACKLOG, "realtime-close-");
    }

    private static ThreadPoolExecutor pool(int threads, int backlog, String name) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads, threads, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(backlog), task -> {
                    Thread thread = new Thread(task, name + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Runs a transport's turn on a sender, or on the caller's thread when senders are behind or closed. */
    void send(Runnable turn) {
        this.senders.execute(turn);
    }

    /** The senders, for turns that do not wait for anybody. */
    public Executor executor() {
        return this::send;
    }

    /**
     * Runs {@code close} on a closer, or on the caller's thread when closers are behind or closed.
     *
     * @param close is given how long it may wait for a message in flight, in milliseconds
     */
    void close(LongConsumer close) {
        try {
            this.closers.execute(() -> close.accept(patience()));
        } catch (RejectedExecutionException behind) {
            close.accept(IMPATIENT_MILLIS);
        }
    }

    /** Runs {@code task}, which does not wait for anybody, after {@code millis}. */
    void later(long millis, Runnable task) {
        CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, Runnable::run)
                .execute(task);
    }

    private long patience() {
        int waiting = this.closers.getQueue().size();
        return waiting == 0 ? PATIENT_MILLIS : waiting < BEHIND ? BRISK_MILLIS : IMPATIENT_MILLIS;
    }

    /** Turns and closes that wait. */
    public int pending() {
        return this.senders.pending() + this.closers.getQueue().size();
    }

    /** Ends the threads when what waits is done. */
    @Override
    public void close() {
        this.senders.close();
        this.closers.shutdown();
        try {
            this.closers.awaitTermination(2, TimeUnit.SECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
