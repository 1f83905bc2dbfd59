package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.util.concurrent.DefaultEventExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
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
        int take(SharedMessages messages) {
            assertThat(EventLoopDrainStressTests.this.loop.inEventLoop()).isTrue();
            if (this.taken == this.offered.get()) {
                this.ready.set(false);
                // What was offered in between saw that it was still woken.
                if (this.taken == this.offered.get() || !this.ready.compareAndSet(false, true)) {
                    return 0;
                }
            }
            this.taken = this.offered.get();
            return 1;
        }

        @Override
        boolean write() {
            return true;
        }

        @Override
        void written() {
            this.drained = this.taken;
        }

        @Override
        void failed(Throwable failure) {
            throw new AssertionError(failure);
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
            this.drain.wake(new Sender(1, 1, () -> order.add(number)));
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

    @Test
    void whoeverAlwaysHasMoreLeavesOthersTheirTurn() throws Exception {
        CountDownLatch busy = hold();
        List<String> order = new ArrayList<>();
        this.drain.wake(new Sender(100, 1, () -> order.add("much")));
        this.drain.wake(new Sender(1, 1, () -> order.add("little")));
        this.loop.execute(() -> order.add("task"));
        busy.countDown();
        await().atMost(Duration.ofSeconds(30))
                .until(() -> this.loop.submit(() -> order.size()).get() == 102);
        assertThat(order.indexOf("little")).isEqualTo(1);
        assertThat(order.indexOf("task")).isLessThanOrEqualTo(5);
    }

    @Test
    void onlySoMuchIsTakenFromQueuesBeforeItIsWritten() throws Exception {
        CountDownLatch busy = hold();
        AtomicInteger taken = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger written = new AtomicInteger();
        for (int i = 0; i < 200; i++) {
            this.drain.wake(
                    new Sender(1, 60_000, () -> {
                        taken.decrementAndGet();
                        written.incrementAndGet();
                    }) {
                        @Override
                        int take(SharedMessages messages) {
                            int bytes = super.take(messages);
                            if (bytes > 0) {
                                most.accumulateAndGet(taken.incrementAndGet(), Math::max);
                            }
                            return bytes;
                        }
                    });
        }
        busy.countDown();
        await().atMost(Duration.ofSeconds(30)).until(() -> written.get() == 200);
        assertThat(most.get() * 60_000).isLessThan((1 << 20) + 60_000);
    }

    @Test
    void whoIsWokenWhileOthersAreWrittenHasATurn() {
        AtomicInteger written = new AtomicInteger();
        Sender second = new Sender(1, 1, written::incrementAndGet);
        this.drain.wake(new Sender(1, 1, () -> this.drain.wake(second)));
        await().atMost(Duration.ofSeconds(30)).until(() -> written.get() == 1);
    }

    @Test
    void whoFailsFailsAlone() throws Exception {
        CountDownLatch busy = hold();
        List<String> failures = new CopyOnWriteArrayList<>();
        AtomicInteger written = new AtomicInteger();
        for (String where : List.of("take", "write", "written")) {
            this.drain.wake(new Sender(1, 1, written::incrementAndGet));
            this.drain.wake(new Failing(where, failures));
        }
        this.drain.wake(new Sender(1, 1, written::incrementAndGet));
        busy.countDown();
        await().atMost(Duration.ofSeconds(30)).until(() -> written.get() == 4);
        await().atMost(Duration.ofSeconds(30)).until(() -> failures.size() == 3);
        // And the next who is woken is drained.
        this.drain.wake(new Sender(1, 1, written::incrementAndGet));
        await().atMost(Duration.ofSeconds(30)).until(() -> written.get() == 5);
        assertThat(failures).containsExactlyInAnyOrder("take", "write", "written");
    }

    /** Throws in one of its methods. */
    private static final class Failing extends EventLoopDrain.Woken {

        private final String where;
        private final List<String> failures;

        Failing(String where, List<String> failures) {
            this.where = where;
            this.failures = failures;
        }

        @Override
        int take(SharedMessages messages) {
            check("take");
            return 1;
        }

        @Override
        boolean write() {
            check("write");
            return true;
        }

        @Override
        void written() {
            check("written");
        }

        private void check(String method) {
            if (method.equals(this.where)) {
                throw new IllegalStateException(method);
            }
        }

        @Override
        void failed(Throwable failure) {
            this.failures.add(failure.getMessage());
        }
    }

    /** Has a number of messages to send. */
    private static class Sender extends EventLoopDrain.Woken {

        private int left;
        private final int bytes;
        private final Runnable write;

        Sender(int messages, int bytes, Runnable write) {
            this.left = messages;
            this.bytes = bytes;
            this.write = write;
        }

        @Override
        int take(SharedMessages messages) {
            return this.left-- > 0 ? this.bytes : 0;
        }

        @Override
        boolean write() {
            this.write.run();
            return true;
        }

        @Override
        void written() {}

        @Override
        void failed(Throwable failure) {
            throw new AssertionError(failure);
        }
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
