package io.github.realtimespring.handler;

import reactor.core.scheduler.Schedulers;

/** Threads that must never wait: those of the fanout, and event loops. */
final class BlockingCalls {

    private BlockingCalls() {}

    static void refuseOnEngineThreads() {
        Thread thread = Thread.currentThread();
        if (thread.getName().startsWith("realtime-fanout-") || (Libraries.REACTOR && EventLoops.current())) {
            throw new IllegalStateException(
                    "send waits for the receipt, which thread " + thread.getName() + " must not do; use sendAsync");
        }
    }

    /** Loaded only where Reactor is. */
    private static final class EventLoops {
        static boolean current() {
            return Schedulers.isInNonBlockingThread();
        }
    }
}
