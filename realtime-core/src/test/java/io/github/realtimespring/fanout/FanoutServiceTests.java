package io.github.realtimespring.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FanoutServiceTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    @ParameterizedTest
    @EnumSource
    void everyDeliveryClassWorksOnTheLocalBackplane(Delivery delivery) {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            PublishReceipt receipt = engine.publish(ROOM, "hello", DeliveryClass.of(delivery));

            boolean recoverable = DeliveryClass.of(delivery).recoverable();
            assertThat(alice.received()).containsExactly("joined", recoverable ? "hello@1" : "hello");
            assertThat(receipt.local().accepted()).isEqualTo(1);
            assertThat(receipt.backplane())
                    .isEqualTo(recoverable ? BackplaneOutcome.RECORDED : BackplaneOutcome.PUBLISHED);
            assertThat(receipt.cursor() != null).isEqualTo(recoverable);
        }
    }

    @Test
    void offsetsGrowByOneInTheOrderOfDelivery() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);
            List<CompletionStage<PublishReceipt>> receipts = new ArrayList<>();
            for (int i = 1; i <= 200; i++) {
                receipts.add(engine.fanout
                        .publish(TestEngine.event(ROOM, "e", DeliveryClass.RECOVERABLE))
                        .receipt());
            }
            receipts.forEach(TestEngine::await);

            List<String> expected = new ArrayList<>(List.of("joined"));
            IntStream.rangeClosed(1, 200).forEach(i -> expected.add("e@" + i));
            assertThat(alice.received()).isEqualTo(expected);
            assertThat(TestEngine.await(engine.streams.head(ROOM)).offset()).isEqualTo(200);
        }
    }

    @Test
    void everyRoomHasAnEpochOfItsOwn() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor one = TestEngine.await(engine.streams.head(ROOM));
            Cursor other = TestEngine.await(engine.streams.head(ROOM.withTenant("acme")));

            assertThat(one.epoch()).isNotEqualTo(other.epoch());
            assertThat(TestEngine.await(engine.streams.head(ROOM))).isEqualTo(one);
        }
    }

    @Test
    void aRepeatOfAnEventIdPublishesNothingAndAnswersAsTheFirst() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);
            Event event = TestEngine.event(ROOM, "hello", DeliveryClass.RECOVERABLE);

            PublishReceipt first = TestEngine.await(engine.fanout.publish(event).receipt());
            PublishReceipt second =
                    TestEngine.await(engine.fanout.publish(event).receipt());

            assertThat(second).isEqualTo(first);
            assertThat(alice.received()).containsExactly("joined", "hello@1");
        }
    }

    @Test
    void aRepeatIsRecognisedHoweverManyPublishesThereWereBeforeTheFirst() {
        try (TestEngine engine = TestEngine.start()) {
            for (int i = 0; i < 12_000; i++) {
                TestEngine.await(engine.fanout
                        .publish(TestEngine.event(ROOM, "e", DeliveryClass.STANDARD))
                        .receipt());
            }
            List<Event> recent = new ArrayList<>();
            List<Publication> firsts = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                Event event = TestEngine.event(ROOM, "e", DeliveryClass.STANDARD);
                Publication first = engine.fanout.publish(event);
                TestEngine.await(first.receipt());
                recent.add(event);
                firsts.add(first);
            }

            for (int i = 0; i < recent.size(); i++) {
                assertThat(engine.fanout.publish(recent.get(i)))
                        .as("publish %s", i)
                        .isSameAs(firsts.get(i));
            }
        }
    }

    @Test
    void aRefusedEventMayBeRepeatedWithTheSameId() {
        FakeBackplane backplane = new FakeBackplane();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            Event event = TestEngine.event(ROOM, "hello", DeliveryClass.RECOVERABLE);
            backplane.writable = false;
            assertThat(TestEngine.await(engine.fanout.publish(event).receipt()).backplane())
                    .isEqualTo(BackplaneOutcome.REJECTED);

            backplane.writable = true;
            assertThat(TestEngine.await(engine.fanout.publish(event).receipt()).backplane())
                    .isEqualTo(BackplaneOutcome.RECORDED);
        }
    }

    @Test
    void localFirstReachesMembersBeforeTheBackplaneAnswers() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.answer = new CompletableFuture<>();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            Publication publication =
                    engine.fanout.publish(TestEngine.event(ROOM, "hello", order(PublishOrder.LOCAL_FIRST)));
            TestEngine.await(publication.committed());
            org.awaitility.Awaitility.await()
                    .untilAsserted(() -> assertThat(alice.received()).containsExactly("joined", "hello"));

            assertThat(publication.receipt().toCompletableFuture()).isNotDone();
            backplane.answer.complete(new Published(BackplaneOutcome.PUBLISHED, null));
            assertThat(TestEngine.await(publication.receipt()).backplane()).isEqualTo(BackplaneOutcome.PUBLISHED);
        }
    }

    @Test
    void publishFirstReachesMembersOnlyAfterTheBackplaneTookIt() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.answer = new CompletableFuture<>();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            Publication publication =
                    engine.fanout.publish(TestEngine.event(ROOM, "hello", order(PublishOrder.PUBLISH_FIRST)));
            assertThat(publication.committed().toCompletableFuture()).isNotDone();
            assertThat(engine.fanout.pending()).isZero();
            assertThat(alice.received()).containsExactly("joined");

            backplane.answer.complete(new Published(BackplaneOutcome.PUBLISHED, null));
            assertThat(TestEngine.await(publication.receipt()).local().accepted())
                    .isEqualTo(1);
            assertThat(alice.received()).containsExactly("joined", "hello");
        }
    }

    @Test
    void publishFirstReachesNobodyWhenTheBackplaneRejects() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.answer = CompletableFuture.completedFuture(new Published(BackplaneOutcome.REJECTED, null));
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            PublishReceipt receipt = engine.publish(ROOM, "hello", order(PublishOrder.PUBLISH_FIRST));

            assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.REJECTED);
            assertThat(receipt.local()).isEqualTo(FanoutReceipt.none(ROOM));
            assertThat(alice.received()).containsExactly("joined");
        }
    }

    @Test
    void backplaneOnlyReachesMembersOnlyWhenItComesBack() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.returns = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            Publication publication = engine.fanout.publish(TestEngine.event(ROOM, "hello", DeliveryClass.RECOVERABLE));
            assertThat(TestEngine.await(publication.committed()).backplane()).isEqualTo(BackplaneOutcome.RECORDED);
            assertThat(alice.received()).containsExactly("joined");

            backplane.bringBack();
            assertThat(TestEngine.await(publication.receipt()).local().accepted())
                    .isEqualTo(1);
            assertThat(alice.received()).containsExactly("joined", "hello@1");
        }
    }

    /** An adapter holds a lock while it brings an event; what an application does with its receipt must not run inside. */
    @Test
    void theReceiptOfAnEventThatComesBackIsNeverCompletedUnderTheLockOfWhoBringsIt() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.returns = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            engine.member(new TestTransport(), ROOM);
            // The pass may be over before who brought the event asks for its receipt: not often.
            for (int i = 0; i < 2_000; i++) {
                CompletableFuture<Boolean> locked = publishAndBringBackUnderALock(engine, backplane);
                assertThat(TestEngine.await(locked)).as("event %s", i).isFalse();
                backplane.published.clear();
            }
        }
    }

    @Test
    void norIsTheReceiptOfOneThatCannotBeTakenThen() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.returns = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            engine.member(new TestTransport(), ROOM);
            engine.local.close();

            CompletableFuture<Boolean> locked = publishAndBringBackUnderALock(engine, backplane);

            assertThat(TestEngine.await(locked)).isFalse();
        }
    }

    private static CompletableFuture<Boolean> publishAndBringBackUnderALock(
            TestEngine engine, FakeBackplane backplane) {
        Object lock = new Object();
        CompletableFuture<Boolean> locked = new CompletableFuture<>();
        engine.fanout
                .publish(TestEngine.event(ROOM, "hello", DeliveryClass.RECOVERABLE))
                .receipt()
                .whenComplete((receipt, failure) -> locked.complete(Thread.holdsLock(lock)));
        synchronized (lock) {
            try {
                backplane.bringBack();
            } catch (FanoutBacklogFullException full) {
                // Whoever brings it would try again.
            }
        }
        return locked;
    }

    @Test
    void anOwnEventThatWasDeliveredLocallyIsNotDeliveredAgainWhenItComesBack() {
        FakeBackplane backplane = new FakeBackplane();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);
            engine.publish(ROOM, "hello", DeliveryClass.STANDARD);

            backplane.bringBack();
            engine.publish(ROOM, "next", DeliveryClass.STANDARD);

            assertThat(alice.received()).containsExactly("joined", "hello", "next");
        }
    }

    @Test
    void whatAListenerGivesForTheTraceOfAPublishGoesWithTheEventAndIsToldToThoseOfItsPass() throws Exception {
        FakeBackplane backplane = new FakeBackplane();
        Map<String, String> trace = Map.of("traceparent", "00-1-2-01");
        BlockingQueue<Map<String, String>> passes = new LinkedBlockingQueue<>();
        List<BackplaneOutcome> outcomes = new CopyOnWriteArrayList<>();
        FanoutListener tracing = new FanoutListener() {
            @Override
            public Publishing publishing(Event event) {
                return new Publishing() {
                    @Override
                    public Map<String, String> trace() {
                        return trace;
                    }

                    @Override
                    public void answered(BackplaneOutcome outcome) {
                        outcomes.add(outcome);
                    }
                };
            }

            @Override
            public Pass started(Event event, Origin origin, Map<String, String> trace) {
                passes.add(trace);
                return receipt -> {};
            }
        };
        FanoutListener all = FanoutListener.all(List.of(FanoutListener.none(), tracing));
        try (TestEngine engine =
                TestEngine.builder().backplane(backplane).listener(all).start()) {
            engine.member(new TestTransport(), ROOM);
            engine.publish(ROOM, "hello", DeliveryClass.STANDARD);
            assertThat(passes.poll(10, TimeUnit.SECONDS)).isEmpty();
            assertThat(backplane.published)
                    .last()
                    .satisfies(sent -> assertThat(sent.trace()).isEqualTo(trace));
            assertThat(outcomes).containsExactly(BackplaneOutcome.PUBLISHED);

            backplane.bring(new BackplaneMessage(
                    "other-node", TestEngine.event(ROOM, "theirs", DeliveryClass.STANDARD), trace));
            assertThat(passes.poll(10, TimeUnit.SECONDS)).isEqualTo(trace);
        }
    }

    @Test
    void anEventOfAnotherNodeIsDelivered() {
        FakeBackplane backplane = new FakeBackplane();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            backplane.bring(
                    new BackplaneMessage("other-node", TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD)));
            engine.publish(ROOM, "next", DeliveryClass.STANDARD);

            assertThat(alice.received()).containsExactly("joined", "hello", "next");
        }
    }

    @Test
    void aBackplaneThatDoesNotAnswerIsUnknownAfterThePublishTimeout() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.answer = new CompletableFuture<>();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            PublishReceipt receipt = engine.publish(ROOM, "hello", quick(DeliveryClass.RECOVERABLE));

            assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.UNKNOWN);
            assertThat(receipt.local()).isEqualTo(FanoutReceipt.none(ROOM));
        }
    }

    @Test
    void whileTheBackplaneCannotBeWrittenStandardEventsReachMembersHereOnly() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.writable = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            PublishReceipt receipt = engine.publish(ROOM, "hello", DeliveryClass.STANDARD);

            assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
            assertThat(alice.received()).containsExactly("joined", "hello");
            assertThat(backplane.published).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theHistoryKnowsOfEventsThatReachMembersWithoutIt(Delivery delivery) {
        FakeBackplane backplane = new FakeBackplane();
        backplane.writable = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            Cursor before = TestEngine.await(engine.streams.head(ROOM));

            engine.publish(ROOM, "hello", degrading(delivery));

            assertThat(TestEngine.await(engine.streams.since(ROOM, before, 0)).unrecorded())
                    .isEqualTo(delivery != Delivery.EPHEMERAL);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"RECOVERABLE", "CRITICAL"})
    void whileTheBackplaneCannotBeWrittenHistoryBackedEventsAreRejectedBeforeAnybodyGetsThem(Delivery delivery) {
        FakeBackplane backplane = new FakeBackplane();
        backplane.writable = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            PublishReceipt receipt = engine.publish(ROOM, "hello", DeliveryClass.of(delivery));

            assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.REJECTED);
            assertThat(alice.received()).containsExactly("joined");
        }
    }

    @Test
    void aClassThatClosesOnAnOutageClosesTheMembersOfItsRoomOnly() {
        FakeBackplane backplane = new FakeBackplane();
        backplane.writable = false;
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();
            engine.member(alice, ROOM);
            engine.member(bob, RoutingKey.room("other"));

            engine.publish(ROOM, "hello", closing());

            assertThat(alice.closes()).containsExactly(CloseReason.BACKPLANE);
            assertThat(bob.closes()).isEmpty();
        }
    }

    @Test
    void anEventThatCannotBeEncodedFailsThePublishAndTakesNoOffset() {
        try (TestEngine engine = TestEngine.start()) {
            Publication publication =
                    engine.fanout.publish(TestEngine.event(ROOM, "unencodable", DeliveryClass.RECOVERABLE));

            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> TestEngine.await(publication.receipt()))
                    .withCauseInstanceOf(IllegalArgumentException.class);
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> TestEngine.await(publication.committed()));
            assertThat(engine.publish(ROOM, "next", DeliveryClass.RECOVERABLE).cursor())
                    .extracting(Cursor::offset)
                    .isEqualTo(1L);
        }
    }

    @Test
    void aRoomWhoseMembersMissTooMuchShedsEphemeralEventsAndSaysSo() {
        try (TestEngine engine = overloaded(RoomPolicy.Action.SHED_EPHEMERAL)) {
            PublishReceipt shed = engine.publish(ROOM, "typing", DeliveryClass.EPHEMERAL);
            PublishReceipt standard = engine.publish(ROOM, "notice", DeliveryClass.STANDARD);

            assertThat(shed.policyAction()).isEqualTo(RoomPolicy.Action.SHED_EPHEMERAL);
            assertThat(shed.local().dropped()).isEqualTo(2);
            assertThat(standard.policyAction()).isEqualTo(RoomPolicy.Action.NONE);
            assertThat(standard.local().accepted()).isEqualTo(1);
        }
    }

    @Test
    void aRoomWhoseMembersMissTooMuchRefusesSends() {
        try (TestEngine engine = overloaded(RoomPolicy.Action.REFUSE_SENDS)) {
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> engine.publish(ROOM, "notice", DeliveryClass.STANDARD))
                    .withCauseInstanceOf(RoomOverloadedException.class);
            assertThat(engine.publish(RoutingKey.room("other"), "notice", DeliveryClass.STANDARD)
                            .backplane())
                    .isEqualTo(BackplaneOutcome.PUBLISHED);
        }
    }

    @Test
    void aRoomPolicyForgetsWhatIsOlderThanItsWindow() {
        TestTicker ticker = new TestTicker();
        try (TestEngine engine = overloaded(RoomPolicy.Action.REFUSE_SENDS, ticker)) {
            ticker.advance(Duration.ofSeconds(21));

            assertThat(engine.publish(ROOM, "notice", DeliveryClass.STANDARD).backplane())
                    .isEqualTo(BackplaneOutcome.PUBLISHED);
        }
    }

    private static TestEngine overloaded(RoomPolicy.Action action) {
        return overloaded(action, new TestTicker());
    }

    /** One of two members misses everything. */
    private static TestEngine overloaded(RoomPolicy.Action action, TestTicker ticker) {
        RoomPolicy policy = new RoomPolicy(0.25, Duration.ofSeconds(10), action);
        TestEngine engine = TestEngine.builder()
                .ticker(ticker)
                .policies(key -> key.equals(ROOM) ? policy : null)
                .limits(new QueueLimits(1000, 1, Duration.ofHours(1), Duration.ofHours(1), 1000, OverflowPolicy.CLOSE))
                .start();
        engine.member(new TestTransport(), ROOM);
        TestTransport slow = new TestTransport();
        engine.member(slow, ROOM);
        slow.block();
        // One in flight, one queued, three dropped: 3 of 10.
        for (int i = 0; i < 5; i++) {
            engine.publish(ROOM, "e" + i, DeliveryClass.STANDARD);
        }
        return engine;
    }

    private static DeliveryClass order(PublishOrder order) {
        return new DeliveryClass(
                Delivery.STANDARD,
                order,
                OnNotWritable.LOCAL_ONLY,
                OnNotReadable.DELIVER_LOCALLY,
                OverflowPolicy.DROP_NEWEST,
                false,
                true,
                Duration.ofSeconds(10));
    }

    private static DeliveryClass quick(DeliveryClass delivery) {
        return new DeliveryClass(
                delivery.name(),
                delivery.order(),
                delivery.onNotWritable(),
                delivery.onNotReadable(),
                delivery.overflow(),
                delivery.recoverable(),
                delivery.declaresLoss(),
                Duration.ofMillis(20));
    }

    private static DeliveryClass closing() {
        return new DeliveryClass(
                Delivery.STANDARD,
                PublishOrder.LOCAL_FIRST,
                OnNotWritable.CLOSE,
                OnNotReadable.DELIVER_LOCALLY,
                OverflowPolicy.DROP_NEWEST,
                false,
                true,
                Duration.ofSeconds(1));
    }

    private static DeliveryClass degrading(Delivery delivery) {
        DeliveryClass of = DeliveryClass.of(delivery);
        return new DeliveryClass(
                of.name(),
                of.order(),
                OnNotWritable.DEGRADE,
                of.onNotReadable(),
                of.overflow(),
                of.recoverable(),
                of.declaresLoss(),
                of.publishTimeout());
    }

    /** Brings events back when the test says so. */
    private static final class FakeBackplane implements BackplaneAdapter {

        private final List<BackplaneMessage> published = new ArrayList<>();
        private @Nullable BackplaneListener listener;
        private volatile boolean writable = true;
        private volatile boolean returns = true;
        private volatile @Nullable CompletableFuture<Published> answer;

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public void start(BackplaneListener listener) {
            this.listener = listener;
        }

        @Override
        public CompletionStage<Published> publish(BackplaneMessage message) {
            if (this.answer != null) {
                return this.answer;
            }
            boolean recoverable = message.event().delivery().recoverable();
            Cursor cursor = recoverable ? new Cursor("fake", this.published.size() + 1) : null;
            this.published.add(
                    cursor == null
                            ? message
                            : new BackplaneMessage(
                                    message.origin(), message.event().withCursor(cursor)));
            if (this.returns && message.event().delivery().order() == PublishOrder.BACKPLANE_ONLY) {
                bringBack();
            }
            return CompletableFuture.completedFuture(
                    new Published(recoverable ? BackplaneOutcome.RECORDED : BackplaneOutcome.PUBLISHED, cursor));
        }

        void bringBack() {
            bring(this.published.get(this.published.size() - 1));
        }

        void bring(BackplaneMessage message) {
            java.util.Objects.requireNonNull(this.listener).onMessage(message);
        }

        @Override
        public CompletionStage<Void> subscribe(RoutingKey key) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<Void> unsubscribe(RoutingKey key) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public BackplaneStatus status() {
            return new BackplaneStatus(true, this.writable, Instant.EPOCH, null);
        }

        @Override
        public void close() {
            this.listener = null;
        }
    }
}
