package io.github.realtimespring.fanout;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Completes futures that take too long, as {@link CompletableFuture#completeOnTimeout} does, for futures of which nearly
 * all are completed in a moment: a timer for each would wake the timer's thread for each. They are collected for a while,
 * and only those that are not completed by then get a timer.
 *
 * <p>Thread-safe; nothing waits. It holds what began in the last {@value #YOUNG} milliseconds, {@value #MOST} futures at
 * most; those above get a timer at once.
 */
final class Timeouts {

    private static final long YOUNG = 100;
    private static final int MOST = 10_000;

    private final Queue<Young<?>> young = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicBoolean looking = new AtomicBoolean();

    private record Young<T>(CompletableFuture<T> future, T value, long began, long timeoutNanos) {

        void grow() {
            if (!this.future.isDone()) {
                long left = this.began + this.timeoutNanos - System.nanoTime();
                this.future.completeOnTimeout(this.value, Math.max(0, left), TimeUnit.NANOSECONDS);
            }
        }
    }

    /** Completes {@code future} with {@code value} if it is not completed after {@code timeout}. */
    <T> CompletableFuture<T> complete(CompletableFuture<T> future, T value, Duration timeout) {
        if (timeout.toMillis() <= 2 * YOUNG || this.size.get() >= MOST) {
            return future.completeOnTimeout(value, timeout.toNanos(), TimeUnit.NANOSECONDS);
        }
        this.size.incrementAndGet();
        this.young.add(new Young<>(future, value, System.nanoTime(), timeout.toNanos()));
        if (this.looking.compareAndSet(false, true)) {
            CompletableFuture.delayedExecutor(YOUNG, TimeUnit.MILLISECONDS, Runnable::run)
                    .execute(this::look);
        }
        return future;
    }

    /** Runs {@code task} in a moment, on the thread on which timeouts complete: the caller may hold a lock. */
    void soon(Runnable task) {
        CompletableFuture.delayedExecutor(0, TimeUnit.MILLISECONDS, Runnable::run)
                .execute(task);
    }

    private void look() {
        this.looking.set(false);
        // Whatever is added from here on finds that nobody looks, and has somebody look.
        long now = System.nanoTime();
        for (Young<?> next = this.young.peek(); next != null && next.began() - now <= 0; next = this.young.peek()) {
            this.young.remove();
            this.size.decrementAndGet();
            next.grow();
        }
    }
}
