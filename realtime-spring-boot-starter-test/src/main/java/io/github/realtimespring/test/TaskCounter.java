package io.github.realtimespring.test;

import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.task.TaskDecorator;

/** Counts the tasks that an executor took and those that have ended. */
final class TaskCounter implements TaskDecorator {

    private final AtomicLong taken = new AtomicLong();
    private final AtomicLong ended = new AtomicLong();

    @Override
    public Runnable decorate(Runnable task) {
        this.taken.incrementAndGet();
        return () -> {
            try {
                task.run();
            } finally {
                this.ended.incrementAndGet();
            }
        };
    }

    long taken() {
        return this.taken.get();
    }

    /** Whether every task that was taken has ended. */
    boolean isIdle() {
        // In this order: a task that is taken meanwhile makes it false, never true.
        long ended = this.ended.get();
        return ended == this.taken.get();
    }
}
