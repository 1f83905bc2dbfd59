package io.github.realtimespring.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneListener.Delivering;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTransport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Who delivers: a thread of the fanout, or the one that brought the event and offered itself. */
class DeliveringThreadTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final Map<String, String> deliveredBy = new ConcurrentHashMap<>();
    private final FanoutListener listener = new FanoutListener() {
        @Override
        public Pass started(Event event, Origin origin) {
            DeliveringThreadTests.this.deliveredBy.put(
                    text(event), Thread.currentThread().getName());
            return receipt -> {};
        }
    };

    @Test
    void aThreadThatOffersItselfDeliversToFewMembersWhenItHasBroughtEverything() {
        try (TestEngine engine = TestEngine.builder().listener(this.listener).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            CompletableFuture<FanoutReceipt> receipt;
            try (Delivering here = engine.local.delivering()) {
                receipt = deliver(engine, ROOM, "hello");
                assertThat(alice.received()).containsExactly("joined");
            }

            assertThat(receipt).isCompleted();
            assertThat(alice.received()).containsExactly("joined", "hello");
            assertThat(this.deliveredBy)
                    .containsEntry("hello", Thread.currentThread().getName());
            assertThat(engine.local.pending()).isZero();
        }
    }

    @Test
    void aPublishOffersItsThreadAndIsDeliveredWhenItReturns() {
        try (TestEngine engine = TestEngine.builder().listener(this.listener).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            engine.fanout.publish(TestEngine.event(ROOM, "standard", DeliveryClass.STANDARD));
            engine.fanout.publish(TestEngine.event(ROOM, "kept", DeliveryClass.RECOVERABLE));

            assertThat(alice.received()).containsExactly("joined", "standard", "kept@1");
            assertThat(this.deliveredBy)
                    .containsEntry("standard", Thread.currentThread().getName())
                    .containsEntry("kept", Thread.currentThread().getName());
        }
    }

    @Test
    void withoutAnOfferAThreadOfTheFanoutDelivers() {
        try (TestEngine engine = TestEngine.builder().listener(this.listener).start()) {
            engine.member(new TestTransport(), ROOM);

            TestEngine.await(deliver(engine, ROOM, "hello"));

            assertThat(this.deliveredBy.get("hello")).startsWith("realtime-fanout");
        }
    }

    @Test
    void manyMembersALargeEventAndACustomizedOneAreForTheFanoutsThreads() {
        try (TestEngine engine = TestEngine.builder().listener(this.listener).start()) {
            RoutingKey large = RoutingKey.room("large");
            engine.member(new TestTransport(), ROOM);
            engine.member(new TestTransport(), ROOM);
            for (int i = 0; i < 9; i++) {
                engine.member(new TestTransport(), large);
            }
            String megabytes = "x".repeat(40_000);

            TestEngine.await(engine.fanout
                    .publish(TestEngine.event(large, "many", DeliveryClass.STANDARD))
                    .receipt());
            TestEngine.await(engine.fanout
                    .publish(TestEngine.event(ROOM, megabytes, DeliveryClass.STANDARD))
                    .receipt());

            assertThat(this.deliveredBy.get("many")).startsWith("realtime-fanout");
            assertThat(this.deliveredBy.get(megabytes)).startsWith("realtime-fanout");
        }
        try (TestEngine engine = TestEngine.builder()
                .listener(this.listener)
                .customizer(new Redaction())
                .start()) {
            engine.member(new TestTransport(), ROOM);
            TestEngine.await(engine.fanout
                    .publish(TestEngine.event(ROOM, "customized", DeliveryClass.STANDARD))
                    .receipt());
            assertThat(this.deliveredBy.get("customized")).startsWith("realtime-fanout");
        }
    }

    @Test
    void whatComesWhileSomebodyHoldsTheRoomIsBehindIt() {
        try (TestEngine engine = TestEngine.builder().listener(this.listener).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            CompletableFuture<FanoutReceipt> second;
            CompletableFuture<FanoutReceipt> ofAnother = new CompletableFuture<>();
            try (Delivering here = engine.local.delivering()) {
                deliver(engine, ROOM, "1");
                second = deliver(engine, ROOM, "2");
                Thread another = new Thread(() -> engine.fanout
                        .publish(TestEngine.event(ROOM, "3", DeliveryClass.STANDARD))
                        .receipt()
                        .thenAccept(receipt -> ofAnother.complete(receipt.local())));
                another.start();
                join(another);
                assertThat(alice.received()).containsExactly("joined");
            }

            TestEngine.await(second);
            TestEngine.await(ofAnother);
            assertThat(alice.received()).containsExactly("joined", "1", "2", "3");
        }
    }

    @Test
    void whoPublishesWhenADeliveryEndsDoesNotDeliverInsideOfIt() {
        int rounds = 20_000;
        CompletableFuture<Void> done = new CompletableFuture<>();
        AtomicReference<TestEngine> publishing = new AtomicReference<>();
        AtomicInteger left = new AtomicInteger(rounds);
        FanoutListener again = new FanoutListener() {
            @Override
            public Pass started(Event event, Origin origin) {
                return receipt -> {
                    if (left.decrementAndGet() == 0) {
                        done.complete(null);
                    } else {
                        publishing.getPlain().fanout.publish(TestEngine.event(ROOM, "again", DeliveryClass.STANDARD));
                    }
                };
            }
        };
        try (TestEngine engine = TestEngine.builder().listener(again).start()) {
            publishing.setPlain(engine);
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            engine.fanout.publish(TestEngine.event(ROOM, "again", DeliveryClass.STANDARD));

            TestEngine.await(done);
            assertThat(alice.received()).hasSize(1 + rounds);
        }
    }

    @Test
    void aListenerThatThrowsKeepsNobodyFromTheEventAndItsReceipt() {
        FanoutListener broken = new FanoutListener() {
            @Override
            public Pass started(Event event, Origin origin) {
                throw new IllegalStateException("broken");
            }

            @Override
            public Publishing publishing(Event event) {
                throw new IllegalStateException("broken");
            }

            @Override
            public void turn(long nanos) {
                throw new IllegalStateException("broken");
            }
        };
        try (TestEngine engine = TestEngine.builder()
                .listener(FanoutListener.all(List.of(broken, this.listener)))
                .start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            PublishReceipt receipt = engine.publish(ROOM, "hello", DeliveryClass.STANDARD);
            TestEngine.await(deliver(engine, ROOM, "by a worker"));

            assertThat(receipt.local().accepted()).isEqualTo(1);
            assertThat(alice.received()).containsExactly("joined", "hello", "by a worker");
            assertThat(this.deliveredBy).containsKeys("hello", "by a worker");
        }
    }

    @Test
    void aFanoutThatClosesEndsEachPassOnce() {
        List<String> ended = new ArrayList<>();
        FanoutListener counting = new FanoutListener() {
            @Override
            public Pass started(Event event, Origin origin) {
                return receipt -> {
                    synchronized (ended) {
                        ended.add(text(event));
                    }
                };
            }
        };
        TestEngine engine = TestEngine.builder().listener(counting).start();
        TestTransport alice = new TestTransport();
        engine.member(alice, ROOM);

        CompletableFuture<FanoutReceipt> held;
        CompletableFuture<FanoutReceipt> behind;
        try (Delivering here = engine.local.delivering()) {
            held = deliver(engine, ROOM, "held");
            behind = deliver(engine, ROOM, "behind");
            engine.close();
            assertThat(held).isNotDone();
            assertThat(behind).isCompleted();
        }

        assertThat(held).isCompletedWithValueMatching(receipt -> receipt.accepted() == 1);
        assertThat(alice.received()).containsExactly("joined", "held");
        assertThat(ended).containsExactly("held");
    }

    @Test
    void manyPublishersOfFewRoomsReachEveryMemberInTheirOrder() throws Exception {
        int publishers = 6;
        int rooms = 3;
        int events = 3_000;
        try (TestEngine engine = TestEngine.start()) {
            List<TestTransport> members = IntStream.range(0, rooms)
                    .mapToObj(room -> {
                        TestTransport transport = new TestTransport();
                        engine.member(transport, room(room));
                        return transport;
                    })
                    .toList();
            CyclicBarrier begin = new CyclicBarrier(publishers);
            CountDownLatch delivered = new CountDownLatch(publishers * events);
            IntUnaryOperator roomOf = i -> i % rooms;
            List<Thread> threads = IntStream.range(0, publishers)
                    .mapToObj(publisher -> new Thread(() -> {
                        await(begin);
                        for (int i = 0; i < events; i++) {
                            TestEngine.await(engine.fanout
                                    .publish(TestEngine.event(
                                            room(roomOf.applyAsInt(i)), publisher + "." + i, DeliveryClass.STANDARD))
                                    .receipt());
                            delivered.countDown();
                        }
                    }))
                    .toList();
            threads.forEach(Thread::start);

            assertThat(delivered.await(60, TimeUnit.SECONDS)).isTrue();
            for (int room = 0; room < rooms; room++) {
                List<String> received = members.get(room).received();
                for (int publisher = 0; publisher < publishers; publisher++) {
                    String prefix = publisher + ".";
                    int of = room;
                    assertThat(received.stream().filter(text -> text.startsWith(prefix)))
                            .containsExactlyElementsOf(IntStream.range(0, events)
                                    .filter(i -> roomOf.applyAsInt(i) == of)
                                    .mapToObj(i -> prefix + i)
                                    .toList());
                }
            }
        }
    }

    private static final class Redaction implements RecipientCustomizer {

        @Override
        public boolean supports(Event event) {
            return false;
        }

        @Override
        public @Nullable String variant(Event event, Object data, Connection recipient) {
            return null;
        }

        @Override
        public Object render(Event event, Object data, String variant) {
            return data;
        }
    }

    private static RoutingKey room(int number) {
        return RoutingKey.room("project:" + number);
    }

    private static CompletableFuture<FanoutReceipt> deliver(TestEngine engine, RoutingKey key, String text) {
        return engine.local
                .deliver(TestEngine.event(key, text, DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL)
                .toCompletableFuture();
    }

    private static String text(Event event) {
        return new String(event.payload().bytes(), StandardCharsets.UTF_8);
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join(10_000);
        } catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
        assertThat(thread.isAlive()).isFalse();
    }
}
