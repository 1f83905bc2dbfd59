package io.github.realtimespring.autoconfigure;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads on which handlers run: those of the application's task executor, or a pool of its own where it has none. Not
 * an {@link Executor} itself: as a bean it would make Spring Boot's task executor back off.
 *
 * <p>The application's executor takes nothing more from the moment the context begins to close, which is before the drain.
 * What handlers still owe then, such as {@code @RoomLeft}, runs on the pool.
 */
final class HandlerThreads implements AutoCloseable {

    private static final int THREADS = 16;
    private static final int BACKLOG = 16 << 10;

    private final @Nullable Executor application;
    private final ThreadPoolExecutor own;

    HandlerThreads(@Nullable Executor application) {
        this.application = application;
        AtomicInteger number = new AtomicInteger();
        this.own = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(BACKLOG), task -> {
                    Thread thread = new Thread(task, "realtime-handler-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        this.own.allowCoreThreadTimeOut(true);
    }

    /** Rejects what neither of the two takes. */
    Executor executor() {
        return this.application == null ? this.own : task -> execute(this.application, task);
    }

    private void execute(Executor application, Runnable task) {
        try {
            application.execute(task);
        } catch (RejectedExecutionException ex) {
            this.own.execute(task);
        }
    }

    @Override
    public void close() {
        this.own.shutdown();
    }
}
