package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MailboxTests {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final ManualExecutor executor = new ManualExecutor();
    private final TestTicker ticker = new TestTicker();
    private final Mailbox mailbox = new Mailbox(this.executor, 3, TIMEOUT, this.ticker);
    private final List<String> log = new ArrayList<>();

    @Test
    void nothingRunsOnTheThreadThatBringsIt() {
        this.mailbox.offer(item("a"));
        assertThat(this.log).isEmpty();
        this.executor.runAll();
        assertThat(this.log).containsExactly("a");
        assertThat(this.mailbox.isIdle()).isTrue();
    }

    @Test
    void theNextItemBeginsWhenTheStageOfThePreviousOneIsComplete() {
        Step first = item("a").pending();
        this.mailbox.offer(first);
        this.mailbox.offer(item("b"));
        this.executor.runAll();
        assertThat(this.log).containsExactly("a");
        assertThat(this.executor.waiting())
                .as("nobody holds a thread meanwhile")
                .isZero();

        first.stage.complete(null);
        assertThat(this.log).as("not on the thread that completed the stage").containsExactly("a");
        this.executor.runAll();
        assertThat(this.log).containsExactly("a", "b");
    }

    @Test
    void aFullMailboxTakesNothingMoreUntilThereIsRoomAgain() {
        for (String name : List.of("a", "b", "c")) {
            assertThat(this.mailbox.offer(item(name))).isTrue();
        }
        assertThat(this.mailbox.offer(item("d"))).isFalse();
        this.executor.runAll();
        assertThat(this.mailbox.offer(item("e"))).isTrue();
        this.executor.runAll();
        assertThat(this.log).containsExactly("a", "b", "c", "e");
    }

    @Test
    void whatIsOwedIsTakenAlsoByAFullMailbox() {
        for (String name : List.of("a", "b", "c")) {
            this.mailbox.offer(item(name));
        }
        assertThat(this.mailbox.offer(item("owed").owed())).isTrue();
        this.executor.runAll();
        assertThat(this.log).containsExactly("a", "b", "c", "owed");
    }

    @Test
    void afterTheCloseOnlyWhatIsOwedRuns() {
        this.mailbox.offer(item("a"));
        this.mailbox.offer(item("left").owed());
        this.mailbox.close();
        this.mailbox.offer(item("b"));
        this.mailbox.offer(item("later").owed());
        this.executor.runAll();
        assertThat(this.log).containsExactly("left", "later");
    }

    @Test
    void anItemThatTakesTooLongIsToldOnceAndTheNextOneBegins() {
        Step slow = item("slow").pending();
        this.mailbox.offer(slow);
        this.mailbox.offer(item("next"));
        this.executor.runAll();
        this.ticker.advance(TIMEOUT);
        this.mailbox.check(this.ticker.nanos());
        assertThat(this.log).as("exactly at the deadline").containsExactly("slow");
        this.ticker.advance(Duration.ofNanos(1));
        this.mailbox.check(this.ticker.nanos());
        this.mailbox.check(this.ticker.nanos());
        this.executor.runAll();
        assertThat(this.log).containsExactly("slow", "slow timed out", "next");
        slow.stage.complete(null);
        this.executor.runAll();
        assertThat(this.log).hasSize(3);
        assertThat(this.mailbox.isIdle()).isTrue();
    }

    @Test
    void aMethodThatBlocksIsToldWhenItIsLateAndTheNextOneWaitsForItsThread() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Mailbox mailbox = new Mailbox(threads, 3, TIMEOUT, this.ticker);
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch leave = new CountDownLatch(1);
            CountDownLatch next = new CountDownLatch(1);
            CompletableFuture<Void> never = new CompletableFuture<>();
            AtomicInteger late = new AtomicInteger();
            mailbox.offer(new Mailbox.Item() {
                @Override
                CompletionStage<?> run() {
                    entered.countDown();
                    awaitLatch(leave);
                    return never;
                }

                @Override
                void timedOut() {
                    late.incrementAndGet();
                }

                @Override
                void refused() {}
            });
            mailbox.offer(new Mailbox.Item() {
                @Override
                CompletionStage<?> run() {
                    next.countDown();
                    return Stages.DONE;
                }

                @Override
                void timedOut() {}

                @Override
                void refused() {}
            });
            awaitLatch(entered);
            this.ticker.advance(TIMEOUT.plusMillis(1));
            mailbox.check(this.ticker.nanos());
            assertThat(late).hasValue(1);
            assertThat(next.getCount()).as("order within the connection").isEqualTo(1);
            leave.countDown();
            awaitLatch(next);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void whatTheExecutorRefusesIsAnsweredAndWhatIsOwedIsTriedAgain() {
        this.executor.refuse(true);
        this.mailbox.offer(item("a"));
        assertThat(this.log).containsExactly("a refused");
        this.mailbox.offer(item("left").owed());
        this.mailbox.check(this.ticker.nanos());
        this.executor.refuse(false);
        this.mailbox.check(this.ticker.nanos());
        this.executor.runAll();
        assertThat(this.log).containsExactly("a refused", "left");
    }

    @Test
    void anItemThatThrowsDoesNotStopTheOthers() {
        this.mailbox.offer(new Mailbox.Item() {
            @Override
            CompletionStage<?> run() {
                throw new IllegalStateException("expected by the test");
            }

            @Override
            void timedOut() {}

            @Override
            void refused() {}
        });
        this.mailbox.offer(item("b"));
        this.executor.runAll();
        assertThat(this.log).containsExactly("b");
    }

    @Test
    void oneConnectionDoesNotKeepTheThreadFromAnother() {
        Mailbox busy = new Mailbox(this.executor, 100, TIMEOUT, this.ticker);
        for (int i = 0; i < 40; i++) {
            busy.offer(item("busy"));
        }
        this.mailbox.offer(item("other"));
        this.executor.runAll();
        assertThat(this.log.indexOf("other")).isLessThan(20);
        assertThat(this.log).hasSize(41);
    }

    @Test
    void underAStormEveryItemOfEveryConnectionRunsOnceAndInOrder() throws Exception {
        long seed = 42;
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            int connections = 8;
            int items = 2_000;
            List<List<Integer>> seen = new ArrayList<>();
            CountDownLatch all = new CountDownLatch(connections * items);
            Random random = new Random(seed);
            List<Mailbox> mailboxes = new ArrayList<>();
            for (int c = 0; c < connections; c++) {
                mailboxes.add(new Mailbox(threads, items, TIMEOUT, Ticker.SYSTEM));
                seen.add(new ArrayList<>());
            }
            AtomicInteger[] running = new AtomicInteger[connections];
            for (int c = 0; c < connections; c++) {
                running[c] = new AtomicInteger();
            }
            AtomicInteger overlaps = new AtomicInteger();
            for (int i = 0; i < items; i++) {
                for (int c = 0; c < connections; c++) {
                    int number = i;
                    int connection = c;
                    boolean asynchronous = random.nextBoolean();
                    mailboxes.get(c).offer(new Mailbox.Item() {
                        @Override
                        CompletionStage<?> run() {
                            if (running[connection].incrementAndGet() != 1) {
                                overlaps.incrementAndGet();
                            }
                            seen.get(connection).add(number);
                            return asynchronous
                                    ? CompletableFuture.runAsync(this::end, threads)
                                    : CompletableFuture.completedFuture(null).thenRun(this::end);
                        }

                        private void end() {
                            running[connection].decrementAndGet();
                            all.countDown();
                        }

                        @Override
                        void timedOut() {}

                        @Override
                        void refused() {}
                    });
                }
            }
            assertThat(all.await(30, TimeUnit.SECONDS)).as("seed %s", seed).isTrue();
            assertThat(overlaps).hasValue(0);
            for (List<Integer> order : seen) {
                assertThat(order).hasSize(items).isSorted();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private Step item(String name) {
        return new Step(name);
    }

    private final class Step extends Mailbox.Item {

        private final String name;
        private final CompletableFuture<Void> stage = new CompletableFuture<>();
        private boolean pending;
        private boolean owed;

        Step(String name) {
            this.name = name;
        }

        Step pending() {
            this.pending = true;
            return this;
        }

        Step owed() {
            this.owed = true;
            return this;
        }

        @Override
        CompletionStage<?> run() {
            MailboxTests.this.log.add(this.name);
            return this.pending ? this.stage : Stages.DONE;
        }

        @Override
        void timedOut() {
            MailboxTests.this.log.add(this.name + " timed out");
        }

        @Override
        void refused() {
            MailboxTests.this.log.add(this.name + " refused");
        }

        @Override
        boolean isOwed() {
            return this.owed;
        }
    }
}
