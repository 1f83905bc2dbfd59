package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SendersTests {

    /** One turn at a time, so that the threads fall asleep before each: a turn that nobody is woken for would hang. */
    @Test
    void aTurnThatComesWhileThreadsFallAsleepIsRun() throws Exception {
        try (Senders senders = new Senders(2)) {
            for (int i = 0; i < 50_000; i++) {
                CountDownLatch ran = new CountDownLatch(1);
                senders.execute(ran::countDown);
                for (int spin = 0; spin < i % 64; spin++) {
                    Thread.onSpinWait();
                }
                assertThat(ran.await(20, TimeUnit.SECONDS)).as("turn %s", i).isTrue();
            }
            assertThat(senders.pending()).isZero();
        }
    }

    @Test
    void turnsOfManyThreadsAreEachRunOnce() throws Exception {
        int each = 20_000;
        AtomicInteger ran = new AtomicInteger();
        try (Senders senders = new Senders(2)) {
            List<Thread> producers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread producer = new Thread(() -> {
                    for (int turn = 0; turn < each; turn++) {
                        senders.execute(ran::incrementAndGet);
                    }
                });
                producer.start();
                producers.add(producer);
            }
            for (Thread producer : producers) {
                producer.join();
            }
            await().until(() -> senders.pending() == 0);
        }
        await().untilAsserted(() -> assertThat(ran).hasValue(4 * each));
    }

    @Test
    void aTurnThatFailsEndsNoThread() {
        AtomicReference<String> second = new AtomicReference<>();
        try (Senders senders = new Senders(1)) {
            senders.execute(() -> {
                throw new IllegalStateException("expected by the test");
            });
            senders.execute(() -> second.set(Thread.currentThread().getName()));
            await().untilAsserted(() -> assertThat(second).hasValue("realtime-send-1"));
        }
    }

    @Test
    void closedTheyRunATurnOnTheCallersThread() {
        Senders senders = new Senders(1);
        senders.close();
        AtomicReference<Thread> ran = new AtomicReference<>();
        senders.execute(() -> ran.set(Thread.currentThread()));
        assertThat(ran).hasValue(Thread.currentThread());
    }
}
