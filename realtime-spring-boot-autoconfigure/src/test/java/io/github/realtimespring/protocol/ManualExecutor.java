package io.github.realtimespring.protocol;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Runs what it was given when a test says so, on the test's thread, or refuses it. */
final class ManualExecutor implements Executor {

    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean refusing;

    @Override
    public synchronized void execute(Runnable task) {
        if (this.refusing) {
            throw new RejectedExecutionException("full");
        }
        this.tasks.add(task);
    }

    synchronized void refuse(boolean refusing) {
        this.refusing = refusing;
    }

    synchronized int waiting() {
        return this.tasks.size();
    }

    /** Runs everything, also what is added meanwhile. */
    void runAll() {
        for (Runnable task = next(); task != null; task = next()) {
            task.run();
        }
    }

    private synchronized Runnable next() {
        return this.tasks.poll();
    }
}
