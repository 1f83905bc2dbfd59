package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.util.concurrent.DefaultEventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopDrainStressTests {

    private final DefaultEventExecutor loop = new DefaultEventExecutor();
    private final EventLoopDrain drain = new EventLoopDrain(this.loop);

    /** As a queue is: woken once until it was drained. */
    private final class Queue extends EventLoopDrain.Woken {

        private final AtomicBoolean ready = new AtomicBoolean();
        private final AtomicInteger offered = new AtomicInteger();
        private int taken;
        private volatile int drained;

        void offer() {
            this.offered.incrementAndGet();
            if (this.ready.compareAndSet(false, true)) {
                EventLoopDrainStressTests.this.drain.wake(this);
            }
        }

        @Override
        void drain(SharedMessages messages) {
            assertThat(EventLoopDrainStressTests.this.loop.inEventLoop()).isTrue();
            this.ready.set(false);
            this.taken = this.offered.get();
            this.drained = this.taken;
        }
    }

    @AfterEach
    void stop() {
        this.loop.shutdownGracefully(0, 5, TimeUnit.SECONDS);
    }

    @Test
    void whateverThreadsWakeMeanwhileNoQueueIsForgotten() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        List<Queue> queues = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            queues.add(new Queue());
        }
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            Random random = new Random(seed + t);
            threads.add(new Thread(() -> {
                for (int i = 0; i < 50_000; i++) {
                    queues.get(random.nextInt(queues.size())).offer();
                    if (random.nextInt(1_000) == 0) {
                        Thread.yield();
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(queues)
                        .allSatisfy(queue -> assertThat(queue.drained).isEqualTo(queue.offered.get())));
        await().atMost(Duration.ofSeconds(30)).until(() -> this.drain.pending() == 0);
    }

    @Test
    void aThousandQueuesWokenInARowCostTheLoopFewTasks() throws Exception {
        CountDownLatch busy = hold();
        List<Queue> queues = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Queue queue = new Queue();
            queues.add(queue);
            queue.offer();
        }
        assertThat(this.loop.pendingTasks()).isEqualTo(1);
        assertThat(this.drain.pending()).isEqualTo(1_000);
        busy.countDown();
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(queues)
                        .allSatisfy(queue -> assertThat(queue.drained).isEqualTo(1)));
    }

    @Test
    void queuesAreDrainedInTheOrderInWhichTheyWereWokenAndOthersHaveTheirTurn() throws Exception {
        CountDownLatch busy = hold();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            this.drain.wake(new EventLoopDrain.Woken() {
                @Override
                void drain(SharedMessages messages) {
                    order.add(number);
                }
            });
        }
        List<Integer> drainedBefore = new ArrayList<>();
        List<Integer> pendingThen = new ArrayList<>();
        this.loop.execute(() -> {
            drainedBefore.add(order.size());
            pendingThen.add(this.drain.pending());
        });
        busy.countDown();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> this.loop.submit(() -> order.size()).get() == 1_000);
        assertThat(order).isSorted();
        assertThat(drainedBefore.get(0)).isLessThan(1_000);
        assertThat(pendingThen.get(0)).isEqualTo(1_000 - drainedBefore.get(0));
        assertThat(this.drain.pending()).isZero();
    }

    /** Keeps the loop busy until the latch is counted down. */
    private CountDownLatch hold() throws InterruptedException {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        this.loop.execute(() -> {
            held.countDown();
            awaitUninterruptibly(release);
        });
        held.await();
        return release;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
