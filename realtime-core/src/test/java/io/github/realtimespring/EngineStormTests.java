package io.github.realtimespring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Join, leave, close and publish from many threads at once, on the whole engine. */
class EngineStormTests {

    private static final int THREADS = 4;
    private static final int STEPS = 4_000;

    @ParameterizedTest
    @ValueSource(longs = {41, 42, 43})
    void aStormEndsWithoutInconsistencyAndEveryReceiptAddsUp(long seed) throws Exception {
        Queue<FanoutReceipt> receipts = new ConcurrentLinkedQueue<>();
        FanoutListener listener = new FanoutListener() {
            @Override
            public Pass started(Event event, Origin origin) {
                return receipts::add;
            }
        };
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        try (TestEngine engine = TestEngine.builder().listener(listener).start()) {
            List<Future<?>> storm = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                Random random = new Random(seed * 100 + t);
                storm.add(threads.submit(() -> rage(engine, random)));
            }
            Future<List<String>> checks = threads.submit(() -> {
                List<String> found = new ArrayList<>();
                while (!over.get() && found.isEmpty()) {
                    found.addAll(engine.connections.inconsistencies());
                }
                return found;
            });
            for (Future<?> future : storm) {
                future.get(60, TimeUnit.SECONDS);
            }
            over.set(true);
            assertThat(checks.get(60, TimeUnit.SECONDS)).as("seed %s", seed).isEmpty();
            Awaitility.await().until(() -> engine.fanout.pending() == 0);
            assertThat(engine.connections.inconsistencies()).as("seed %s", seed).isEmpty();

            engine.connections.forEach(connection -> connection.close(CloseReason.NORMAL));
            assertThat(engine.connections.size()).isZero();
            assertThat(engine.rooms.connectionCount()).isZero();
            assertThat(engine.rooms.keyCount()).isZero();
            assertThat(engine.rooms.membershipCount()).isZero();
            assertThat(receipts)
                    .isNotEmpty()
                    .allSatisfy(receipt -> assertThat(receipt.accepted()
                                    + receipt.coalesced()
                                    + receipt.dropped()
                                    + receipt.closed()
                                    + receipt.stale())
                            .as("seed %s: %s", seed, receipt)
                            .isEqualTo(receipt.recipients()));
        } finally {
            over.set(true);
            threads.shutdownNow();
        }
    }

    /** One thread's share: it connects, joins, leaves, closes its own connections and those of others, publishes. */
    private static void rage(TestEngine engine, Random random) {
        List<Connection> mine = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            RoutingKey key = RoutingKey.room("r" + random.nextInt(5));
            Connection connection = mine.isEmpty() ? null : mine.get(random.nextInt(mine.size()));
            switch (random.nextInt(10)) {
                case 0, 1 ->
                    mine.add(engine.connect(
                            new TestTransport(),
                            random.nextBoolean() ? Identity.ANONYMOUS : Identity.user("u" + random.nextInt(5))));
                case 2, 3, 4 -> {
                    if (connection != null && connection.isOpen()) {
                        joinUnlessItCloses(engine, connection, key);
                    }
                }
                case 5 -> {
                    if (connection != null) {
                        engine.roomService.leave(connection, key, LeaveReason.CLIENT);
                    }
                }
                case 6 -> {
                    List<Connection> members = engine.connections.connections(key);
                    if (!members.isEmpty()) {
                        Connection any = members.get(random.nextInt(members.size()));
                        if (random.nextBoolean()) {
                            any.close(CloseReason.NORMAL);
                        } else {
                            any.closed(CloseReason.ABNORMAL);
                        }
                    }
                }
                default ->
                    engine.fanout.publish(TestEngine.event(
                            key,
                            "e" + step,
                            random.nextBoolean() ? DeliveryClass.STANDARD : DeliveryClass.RECOVERABLE));
            }
            mine.removeIf(one -> !one.isOpen());
        }
    }

    private static void joinUnlessItCloses(TestEngine engine, Connection connection, RoutingKey key) {
        try {
            engine.join(connection, key);
        } catch (RuntimeException closing) {
            assertThat(closing).hasCauseInstanceOf(RealtimeException.class);
        }
    }
}
