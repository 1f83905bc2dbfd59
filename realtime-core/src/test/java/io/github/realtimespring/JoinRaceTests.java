package io.github.realtimespring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTransport;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A join against a stream of publishes: whatever the interleaving, nothing is missed behind {@code joined}. */
class JoinRaceTests {

    private static final int TRIALS = 10_000;
    private static final long SEED = 20_251;

    @Test
    void noEventPublishedAfterJoinedIsMissedAndNoneComesBeforeIt() throws Exception {
        Random random = new Random(SEED);
        ExecutorService threads = Executors.newFixedThreadPool(1);
        try (TestEngine engine = TestEngine.start()) {
            for (int trial = 0; trial < TRIALS; trial++) {
                RoutingKey key = RoutingKey.room("t" + trial);
                TestTransport transport = new TestTransport();
                Connection connection = engine.connect(transport);
                DeliveryClass delivery = random.nextBoolean() ? DeliveryClass.STANDARD : DeliveryClass.RECOVERABLE;
                int events = 1 + random.nextInt(6);
                int spins = random.nextInt(400);
                AtomicBoolean acknowledged = new AtomicBoolean();
                int[] firstAfterJoined = {-1};
                CyclicBarrier start = new CyclicBarrier(2);
                Future<?> publishing = threads.submit(() -> {
                    start.await();
                    CompletableFuture<?> last = CompletableFuture.completedFuture(null);
                    for (int i = 0; i < events; i++) {
                        if (firstAfterJoined[0] < 0 && acknowledged.get()) {
                            firstAfterJoined[0] = i;
                        }
                        last = engine.fanout
                                .publish(TestEngine.event(key, "e" + i, delivery))
                                .receipt()
                                .toCompletableFuture();
                    }
                    last.get(10, TimeUnit.SECONDS);
                    return null;
                });
                start.await();
                for (int spin = 0; spin < spins; spin++) {
                    Thread.onSpinWait();
                }
                engine.join(connection, key);
                acknowledged.set(true);
                publishing.get(10, TimeUnit.SECONDS);

                List<String> received = transport.received().stream()
                        .map(text -> text.replaceAll("@.*", ""))
                        .toList();
                assertThat(received).as("trial %s, seed %s", trial, SEED).startsWith("joined");
                List<String> got = received.subList(1, received.size());
                for (int i = Math.max(firstAfterJoined[0], 0); firstAfterJoined[0] >= 0 && i < events; i++) {
                    assertThat(got).as("trial %s, seed %s", trial, SEED).contains("e" + i);
                }
                assertThat(got)
                        .as("a suffix of what was published, trial %s", trial)
                        .isEqualTo(java.util.stream.IntStream.range(events - got.size(), events)
                                .mapToObj(i -> "e" + i)
                                .toList());
                connection.close(CloseReason.NORMAL);
            }
            assertThat(engine.connections.inconsistencies()).isEmpty();
            assertThat(engine.rooms.keyCount()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }
}
