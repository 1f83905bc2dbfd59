package io.github.realtimespring.redis;

import io.github.realtimespring.backplane.NotSentException;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Commands on their way to the server, in the order in which they were given (rule B3 of
 * {@code docs/contracts/backplane.md}). Nothing waits for a connection: without one a command is refused at once, and
 * what has no answer when the connection ends fails.
 *
 * <h2>Concurrency</h2>
 *
 * Callers put commands into a queue, and the one that found it empty writes it out, for the others too: they go in one
 * flush. An event loop never writes. On the connection's own loop a write would be done at once, and overtake those that
 * wait there for their turn; the application's Redis client shares its loops with this one, so any of them may be that.
 *
 * <p>A caller may hold a lock of the backplane, so nobody's answer is completed while commands are written: refusals are
 * completed by {@code executor}, answers by the thread that read them.
 */
final class Outbox {

    /** Commands in one flush. */
    private static final int BATCH = 64;

    /** Flushes that a caller does before somebody else goes on with them. */
    private static final int TURN = 8;

    private final Link<? extends StatefulRedisConnection<?, ?>> link;
    private final Executor executor;
    private final int bound;
    private final Consumer<Throwable> failures;
    private final Queue<AsyncCommand<byte[], byte[], ?>> queue;
    /** Commands that have no answer yet. */
    private final AtomicInteger unanswered = new AtomicInteger();
    /** Not 0 while somebody writes. */
    private final AtomicInteger writing = new AtomicInteger();

    /**
     * @param executor never an event loop
     * @param bound how many commands may wait for their answers
     * @param failures is told what commands end with that were sent and failed; called by {@code executor}
     */
    Outbox(
            Link<? extends StatefulRedisConnection<?, ?>> link,
            Executor executor,
            int bound,
            Consumer<Throwable> failures) {
        this.link = link;
        this.executor = executor;
        this.bound = bound;
        this.failures = failures;
        this.queue = new ArrayBlockingQueue<>(bound);
    }

    /** Commands that have no answer yet. */
    int unanswered() {
        return this.unanswered.get();
    }

    /** Sends a command, or fails with a {@link NotSentException} if it certainly does not. */
    <T> CompletionStage<T> send(
            CommandType type, CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> args) {
        if (!this.link.isUp()) {
            return CompletableFuture.failedFuture(new NotSentException("not connected to Redis"));
        }
        if (this.unanswered.incrementAndGet() > this.bound) {
            this.unanswered.decrementAndGet();
            return CompletableFuture.failedFuture(
                    new NotSentException(this.bound + " commands wait for an answer of Redis"));
        }
        AsyncCommand<byte[], byte[], T> command = new AsyncCommand<>(new Command<>(type, output, args));
        CompletableFuture<T> answer = new CompletableFuture<>();
        command.whenComplete((value, failure) -> {
            this.unanswered.decrementAndGet();
            if (failure == null) {
                answer.complete(value);
            } else {
                execute(() -> {
                    Throwable reason = Failures.of(failure);
                    this.failures.accept(reason);
                    answer.completeExceptionally(reason);
                });
            }
        });
        // As many places as commands without an answer.
        this.queue.add(command);
        if (this.writing.getAndIncrement() == 0) {
            if (Thread.currentThread() instanceof FastThreadLocalThread) {
                execute(() -> write(1));
            } else {
                write(1);
            }
        }
        return answer;
    }

    private void write(int seen) {
        int behind = seen;
        for (int turn = 0; turn < TURN; turn++) {
            flush();
            behind = this.writing.addAndGet(-behind);
            if (behind == 0) {
                return;
            }
        }
        int rest = behind;
        execute(() -> write(rest));
    }

    private void flush() {
        List<AsyncCommand<byte[], byte[], ?>> batch = new ArrayList<>(4);
        for (AsyncCommand<byte[], byte[], ?> command = this.queue.poll();
                command != null;
                command = this.queue.poll()) {
            batch.add(command);
            if (batch.size() == BATCH) {
                flush(batch);
                batch = new ArrayList<>(BATCH);
            }
        }
        if (!batch.isEmpty()) {
            flush(batch);
        }
    }

    private void flush(List<AsyncCommand<byte[], byte[], ?>> batch) {
        // Commands bring their codec along; that of the connection is for those that are made by it.
        @SuppressWarnings("unchecked")
        StatefulRedisConnection<byte[], byte[]> connection =
                (StatefulRedisConnection<byte[], byte[]>) this.link.connection();
        if (connection == null || !connection.isOpen()) {
            NotSentException lost = new NotSentException("not connected to Redis");
            batch.forEach(command -> command.completeExceptionally(lost));
            return;
        }
        try {
            if (batch.size() == 1) {
                connection.dispatch(batch.get(0));
            } else {
                connection.dispatch(batch);
            }
        } catch (RuntimeException ex) {
            batch.forEach(command -> command.completeExceptionally(ex));
        }
    }

    private void execute(Runnable action) {
        try {
            this.executor.execute(action);
        } catch (RejectedExecutionException closed) {
            action.run();
        }
    }
}
