package io.github.realtimespring.test;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What a socket sends: one after the other, whoever sends. A client that is told to send more than the network takes makes
 * its test wait; heartbeats never wait, there is one for each ping. Guarded by its monitor.
 */
final class SendOrder {

    private static final int BOUND = 256;

    private CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    private int pending;

    /** Sends when everything before has been sent; a failure does not keep the next one from it. */
    synchronized void send(Supplier<CompletionStage<?>> send) {
        this.pending++;
        this.last = this.last
                .handle((sent, failure) -> null)
                .thenCompose(ignored -> send.get())
                .whenComplete((sent, failure) -> done());
    }

    private synchronized void done() {
        this.pending--;
        notifyAll();
    }

    /** Waits until there is a place; false if there is none in time. */
    synchronized boolean awaitPlace(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (this.pending >= BOUND) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            try {
                wait(left);
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Waits until everything so far has been sent, or has failed; false if it takes longer. */
    boolean awaitSent(Duration timeout) {
        CompletableFuture<?> last;
        synchronized (this) {
            last = this.last;
        }
        return await(last, timeout);
    }

    static boolean await(CompletableFuture<?> stage, Duration timeout) {
        try {
            stage.get(Math.max(0, timeout.toNanos()), TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException ex) {
            return true;
        } catch (TimeoutException ex) {
            return false;
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
