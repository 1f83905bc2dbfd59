package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HandlerThreadsTests {

    /** A task executor takes nothing more once the context begins to close; {@code @RoomLeft} is still owed then. */
    @Test
    void runsOnAPoolWhatTheApplicationsExecutorRefuses() throws Exception {
        try (HandlerThreads threads = new HandlerThreads(task -> {
            throw new RejectedExecutionException("closing");
        })) {
            CompletableFuture<String> ran = new CompletableFuture<>();
            threads.executor().execute(() -> ran.complete(Thread.currentThread().getName()));
            assertThat(ran.get(20, TimeUnit.SECONDS)).startsWith("realtime-handler-");
        }
    }

    @Test
    void poolIsBounded() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        try (HandlerThreads threads = new HandlerThreads(null)) {
            assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> {
                for (int i = 0; i < 100_000; i++) {
                    threads.executor().execute(() -> {
                        try {
                            blocked.await();
                        } catch (InterruptedException ex) {
                            Thread.currentThread().interrupt();
                        }
                    });
                }
            });
            blocked.countDown();
        }
    }
}
