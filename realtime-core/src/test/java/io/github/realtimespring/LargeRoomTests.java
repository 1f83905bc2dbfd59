package io.github.realtimespring;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.MembershipCutoff;
import io.github.realtimespring.registry.Membership;
import io.github.realtimespring.testing.CountingTransport;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTicker;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A room of 100,000 members in one process: what it costs its neighbours, and what it leaves behind (SPEC §5). */
class LargeRoomTests {

    private static final int MEMBERS = 100_000;
    private static final int CHUNK = 500;
    private static final RoutingKey LARGE = RoutingKey.room("large");
    private static final RoutingKey SMALL = RoutingKey.room("small");
    private static final RoutingKey SECOND = RoutingKey.room("second");

    @Test
    void aRoomOfOneMemberIsServedAfterAtMostOneTurnWhereverTheLargePassIs() {
        AtomicInteger reached = new AtomicInteger();
        AtomicInteger publishedAt = new AtomicInteger();
        List<Integer> waited = new CopyOnWriteArrayList<>();
        List<CompletionStage<FanoutReceipt>> small = new CopyOnWriteArrayList<>();
        try (TestEngine engine = TestEngine.builder().settings(oneThread()).start()) {
            CountingTransport member = new CountingTransport() {
                @Override
                public void wakeUp(SendQueue queue) {
                    // Runs on the fanout's only thread, so the large pass stands still.
                    waited.add(reached.get() - publishedAt.get());
                    super.wakeUp(queue);
                }
            };
            join(engine, member, SMALL);
            for (int i = 0; i < MEMBERS; i++) {
                // Every place in a turn is met: 6,967 and the size of a chunk have no common divisor.
                boolean publishes = i % 6_967 == 0;
                join(
                        engine,
                        new CountingTransport() {
                            @Override
                            public void wakeUp(SendQueue queue) {
                                int now = reached.incrementAndGet();
                                if (publishes) {
                                    publishedAt.set(now);
                                    small.add(engine.local.deliver(event(SMALL), FanoutListener.Origin.LOCAL));
                                }
                                super.wakeUp(queue);
                            }
                        },
                        LARGE);
            }

            List<CompletionStage<FanoutReceipt>> large = new ArrayList<>();
            for (int pass = 0; pass < 3; pass++) {
                large.add(engine.local.deliver(event(LARGE), FanoutListener.Origin.LOCAL));
            }

            for (CompletionStage<FanoutReceipt> pass : large) {
                FanoutReceipt receipt = pass.toCompletableFuture()
                        .orTimeout(60, TimeUnit.SECONDS)
                        .join();
                assertThat(receipt.accepted()).isEqualTo(MEMBERS);
                assertThat(receipt.chunks()).isGreaterThanOrEqualTo(MEMBERS / CHUNK);
            }
            small.forEach(TestEngine::await);
            assertThat(waited)
                    .hasSize(3 * 15)
                    .allSatisfy(recipients -> assertThat(recipients).isBetween(0, CHUNK));
        }
    }

    @Test
    void everybodysHeartbeatsGoOutWhileALargePassIsUnderWay() throws Exception {
        TestTicker ticker = new TestTicker();
        // Three of them are less than a frame may wait.
        Duration interval = Duration.ofSeconds(5);
        CountDownLatch inTheMiddle = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (TestEngine engine =
                TestEngine.builder().settings(oneThread()).ticker(ticker).start()) {
            List<CountingTransport> transports = new ArrayList<>();
            for (int i = 0; i < MEMBERS; i++) {
                CountingTransport transport = i != MEMBERS / 2
                        ? new CountingTransport()
                        : new CountingTransport() {
                            @Override
                            public void wakeUp(SendQueue queue) {
                                inTheMiddle.countDown();
                                await(goOn);
                                super.wakeUp(queue);
                            }
                        };
                transports.add(transport);
                join(engine, transport, LARGE);
            }
            Liveness liveness = new Liveness(engine.connections, interval, Duration.ofDays(1), ticker);
            CompletionStage<FanoutReceipt> pass = engine.local.deliver(event(LARGE), FanoutListener.Origin.LOCAL);
            await(inTheMiddle);

            for (int beat = 1; beat <= 3; beat++) {
                ticker.advance(interval);
                liveness.visit();
                int expected = beat;
                assertThat(transports.stream().filter(transport -> transport.pings() == expected))
                        .as("heartbeats in time, of everybody but the one that stands still")
                        .hasSize(MEMBERS - 1);
            }

            assertThat(pass.toCompletableFuture()).isNotDone();
            goOn.countDown();
            assertThat(pass.toCompletableFuture().get(60, TimeUnit.SECONDS).accepted())
                    .isEqualTo(MEMBERS);
            assertThat(transports)
                    .allSatisfy(transport -> assertThat(transport.events()).isEqualTo(1));
        } finally {
            goOn.countDown();
        }
    }

    @Test
    @Tag("soak")
    void connectionsAndMembershipsTakeTheMemoryTheyAreMeantToTake() {
        CountingTransport transport = new CountingTransport();
        try (TestEngine engine = TestEngine.start()) {
            List<Connection> connections = new ArrayList<>(MEMBERS);
            long empty = usedHeap();
            for (int i = 0; i < MEMBERS; i++) {
                connections.add(join(engine, transport, LARGE));
            }
            long joined = usedHeap();
            connections.forEach(connection -> engine.rooms.join(SECOND, connection.id()));
            long joinedTwice = usedHeap();

            assertThat((joined - empty) / MEMBERS)
                    .as("bytes per connection in one room")
                    .isLessThan(1_500);
            assertThat((joinedTwice - joined) / MEMBERS)
                    .as("bytes per further membership")
                    .isLessThan(100);
            assertThat(engine.rooms.size(SECOND)).isEqualTo(connections.size());
        }
    }

    @Test
    @Tag("soak")
    void whoHasLeftIsForgottenEvenBySomebodyWhoStillHoldsASnapshot() {
        try (TestEngine engine = TestEngine.start()) {
            List<WeakReference<Connection>> gone = new ArrayList<>();
            for (int i = 0; i < MEMBERS; i++) {
                gone.add(new WeakReference<>(join(engine, new CountingTransport(), LARGE)));
            }
            List<Membership> snapshot = engine.rooms.members(LARGE);
            TestEngine.await(engine.local.deliver(event(LARGE), FanoutListener.Origin.LOCAL));

            closeAll(engine);

            assertThat(engine.rooms.keyCount()).isZero();
            assertThat(engine.rooms.membershipCount()).isZero();
            assertThat(engine.rooms.connectionCount()).isZero();
            assertThat(engine.connections.size()).isZero();
            assertThat(engine.rooms.inconsistencies()).isEmpty();
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                System.gc();
                return gone.stream()
                                .filter(reference -> reference.get() != null)
                                .count()
                        == 0;
            });
            assertThat(snapshot).hasSize(MEMBERS).noneMatch(Membership::isCurrent);
            Reference.reachabilityFence(snapshot);
        }
    }

    /** A method of its own: its frame would keep the last one. */
    private static void closeAll(TestEngine engine) {
        for (Connection connection : engine.connections) {
            connection.closed(CloseReason.NORMAL);
        }
    }

    /** One thread, and turns that end by count alone. */
    private static FanoutSettings oneThread() {
        FanoutSettings defaults = FanoutSettings.DEFAULTS;
        return new FanoutSettings(
                CHUNK,
                Duration.ofHours(1),
                1,
                MembershipCutoff.RECHECK,
                defaults.maxPending(),
                defaults.maxPendingPerKey(),
                defaults.maxPendingBytes(),
                defaults.tenantWeight());
    }

    private static Connection join(TestEngine engine, CountingTransport transport, RoutingKey key) {
        Connection connection = engine.connect(transport, Identity.ANONYMOUS);
        engine.rooms.join(key, connection.id());
        return connection;
    }

    private static Event event(RoutingKey key) {
        return TestEngine.event(key, "news", DeliveryClass.STANDARD);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static long usedHeap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }
}
