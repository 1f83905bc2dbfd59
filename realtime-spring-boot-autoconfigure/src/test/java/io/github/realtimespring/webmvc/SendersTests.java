package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SendersTests {

    /** One turn at a time, after a while in which the thread may fall asleep: one that nobody is woken for would hang. */
    @Test
    void aTurnThatComesWhileTheThreadFallsAsleepIsRun() throws Exception {
        SplittableRandom random = new SplittableRandom(42);
        try (Senders senders = new Senders(1, 1_000)) {
            for (int i = 0; i < 20_000; i++) {
                AtomicBoolean ran = new AtomicBoolean();
                senders.execute(() -> ran.set(true));
                long patience = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                while (!ran.get()) {
                    assertThat(System.nanoTime()).as("turn %s", i).isLessThan(patience);
                    Thread.onSpinWait();
                }
                long until = System.nanoTime() + random.nextInt(30_000);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
            }
            assertThat(senders.pending()).isZero();
        }
    }

    @Test
    void turnsOfManyThreadsAreEachRunOnce() throws Exception {
        int each = 20_000;
        AtomicInteger ran = new AtomicInteger();
        try (Senders senders = new Senders(2, 1_000)) {
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
        try (Senders senders = new Senders(1, 1_000)) {
            senders.execute(() -> {
                throw new IllegalStateException("expected by the test");
            });
            senders.execute(() -> second.set(Thread.currentThread().getName()));
            await().untilAsserted(() -> assertThat(second).hasValue("realtime-send-1"));
        }
    }

    @Test
    void aTurnThatFindsNoPlaceIsRunByWhoBringsIt() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        List<String> threads = new CopyOnWriteArrayList<>();
        try (Senders senders = new Senders(1, 2)) {
            senders.execute(() -> {
                busy.countDown();
                try {
                    go.await();
                } catch (InterruptedException ex) {
                    Thread.currentThread().interrupt();
                }
            });
            busy.await();
            for (int i = 0; i < 3; i++) {
                senders.execute(() -> threads.add(Thread.currentThread().getName()));
            }
            assertThat(senders.pending()).isEqualTo(2);
            assertThat(threads).containsExactly(Thread.currentThread().getName());
            go.countDown();
            await().untilAsserted(() -> assertThat(threads).endsWith("realtime-send-1", "realtime-send-1"));
            assertThat(senders.pending()).isZero();
        }
    }

    @Test
    void closedTheyRunATurnOnTheCallersThread() {
        Senders senders = new Senders(1, 1_000);
        senders.close();
        AtomicReference<Thread> ran = new AtomicReference<>();
        senders.execute(() -> ran.set(Thread.currentThread()));
        assertThat(ran).hasValue(Thread.currentThread());
    }
}
