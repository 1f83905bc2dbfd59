package io.github.realtimespring.fanout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LocalFanoutTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    @Test
    void everyMemberGetsTheEventAndTheReceiptCountsThem() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();
            engine.member(alice, ROOM);
            engine.member(bob, ROOM);
            engine.member(new TestTransport(), RoutingKey.room("other"));

            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(alice.received()).containsExactly("joined", "hello");
            assertThat(bob.received()).containsExactly("joined", "hello");
            assertThat(receipt.members()).isEqualTo(2);
            assertThat(receipt.membersAfter()).isEqualTo(2);
            assertThat(receipt.accepted()).isEqualTo(2);
            assertThat(receipt.bytes()).isEqualTo(10);
            assertThat(receipt.chunks()).isEqualTo(1);
            assertThat(receipt.toString())
                    .startsWith("room=project:42 members=2 accepted=2 dropped=0 coalesced=0 closed=0 stale=0 bytes=10"
                            + " duration_ms=");
        }
    }

    @Test
    void thePayloadIsEncodedOnceWhateverTheNumberOfMembers() {
        try (TestEngine engine = TestEngine.start()) {
            for (int i = 0; i < 50; i++) {
                engine.member(new TestTransport(), ROOM);
            }

            engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(engine.frames.encodings()).isEqualTo(1);
        }
    }

    @Test
    void anEventThatCannotBeEncodedReachesNobodyAndTheSourceIsTold() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> engine.local.deliver(
                            TestEngine.event(ROOM, "unencodable", DeliveryClass.STANDARD),
                            FanoutListener.Origin.LOCAL));
            assertThat(alice.received()).containsExactly("joined");
        }
    }

    @Test
    void anEmptyRoomHasAReceiptToo() {
        try (TestEngine engine = TestEngine.start()) {
            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(receipt.members()).isZero();
            assertThat(receipt.accepted()).isZero();
        }
    }

    @Test
    void exceptedConnectionsAreLeftOutAndCountedAsExcluded() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();
            Connection sender = engine.member(alice, ROOM);
            engine.member(bob, ROOM);

            FanoutReceipt receipt = engine.deliver(except(sender.id()));

            assertThat(alice.received()).containsExactly("joined");
            assertThat(bob.received()).containsExactly("joined", "hello");
            assertThat(receipt.excluded()).isEqualTo(1);
            assertThat(receipt.recipients()).isEqualTo(receipt.accepted()).isEqualTo(1);
        }
    }

    @Test
    void withRecheckWhoLeavesAfterTheSnapshotGetsNothing() {
        FanoutReceipt receipt = passInWhichTheSecondMemberLeaves(MembershipCutoff.RECHECK);

        assertThat(receipt.accepted()).isEqualTo(1);
        assertThat(receipt.stale()).isEqualTo(1);
        assertThat(receipt.members()).isEqualTo(2);
        assertThat(receipt.membersAfter()).isEqualTo(1);
    }

    @Test
    void withSnapshotWhoLeavesAfterTheSnapshotStillGetsTheEvent() {
        FanoutReceipt receipt = passInWhichTheSecondMemberLeaves(MembershipCutoff.SNAPSHOT);

        assertThat(receipt.accepted()).isEqualTo(2);
        assertThat(receipt.stale()).isZero();
        assertThat(receipt.membersAfter()).isEqualTo(1);
    }

    private static FanoutReceipt passInWhichTheSecondMemberLeaves(MembershipCutoff cutoff) {
        try (TestEngine engine = TestEngine.builder()
                .settings(FanoutSettings.DEFAULTS.withCutoff(cutoff))
                .start()) {
            TestTransport first = new TestTransport();
            engine.member(first, ROOM);
            Connection second = engine.member(new TestTransport(), ROOM);
            first.onWakeUp(() -> engine.rooms.leave(ROOM, second.id()));
            return engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));
        }
    }

    @Test
    void aMemberThatIsGoneWithoutALeaveIsStaleAndCleanedUp() {
        AtomicInteger cleaned = new AtomicInteger();
        FanoutListener listener = new FanoutListener() {
            @Override
            public void cleaned(int memberships) {
                cleaned.addAndGet(memberships);
            }
        };
        try (TestEngine engine = TestEngine.builder().listener(listener).start()) {
            ConnectionId ghost = new ConnectionId("ghost");
            engine.rooms.register(ghost);
            engine.rooms.join(ROOM, ghost);

            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(receipt.stale()).isEqualTo(1);
            assertThat(receipt.membersAfter()).isZero();
            assertThat(cleaned).hasValue(1);
        }
    }

    @Test
    void everyOutcomeIsCountedAndTheySumToTheRecipients() {
        QueueLimits tight =
                new QueueLimits(1000, 1, Duration.ofSeconds(30), Duration.ofSeconds(30), 1000, OverflowPolicy.CLOSE);
        try (TestEngine engine = TestEngine.builder().limits(tight).start()) {
            engine.member(new TestTransport(), ROOM);
            TestTransport behind = new TestTransport();
            engine.member(behind, ROOM);
            behind.block();
            Event typing = typing("1");
            engine.deliver(typing);
            engine.deliver(typing("2"));

            FanoutReceipt coalesced = engine.deliver(typing("3"));
            FanoutReceipt dropped = engine.deliver(TestEngine.event(ROOM, "notice", DeliveryClass.STANDARD));
            FanoutReceipt closed = engine.deliver(TestEngine.event(ROOM, "chat", DeliveryClass.CRITICAL));
            FanoutReceipt afterwards = engine.deliver(TestEngine.event(ROOM, "chat", DeliveryClass.STANDARD));

            assertThat(coalesced.coalesced()).isEqualTo(1);
            assertThat(dropped.dropped()).isEqualTo(1);
            assertThat(closed.closed()).isEqualTo(1);
            assertThat(closed.membersAfter()).isEqualTo(1);
            assertThat(afterwards.members()).isEqualTo(1);
            assertThat(List.of(coalesced, dropped, closed, afterwards))
                    .allSatisfy(receipt -> assertThat(receipt.accepted()
                                    + receipt.coalesced()
                                    + receipt.dropped()
                                    + receipt.closed()
                                    + receipt.stale())
                            .isEqualTo(receipt.recipients()));
        }
    }

    @Test
    void oneSlowMemberCostsTheOthersNothing() {
        QueueLimits tight =
                new QueueLimits(50, 2, Duration.ofSeconds(30), Duration.ofSeconds(30), 1000, OverflowPolicy.CLOSE);
        try (TestEngine engine = TestEngine.builder().limits(tight).start()) {
            TestTransport slow = new TestTransport();
            engine.member(slow, ROOM);
            slow.block();
            TestTransport healthy = new TestTransport();
            engine.member(healthy, ROOM);

            for (int i = 0; i < 100; i++) {
                engine.deliver(TestEngine.event(ROOM, "e" + i, DeliveryClass.STANDARD));
            }

            assertThat(healthy.received()).hasSize(101);
        }
    }

    @Test
    void aLargeRoomIsServedInChunksAndEventsOfOneRoomKeepTheirOrderAcrossThem() {
        FanoutSettings settings = settings(10, 2, 1000);
        try (TestEngine engine = TestEngine.builder().settings(settings).start()) {
            List<TestTransport> members = new ArrayList<>();
            for (int i = 0; i < 95; i++) {
                TestTransport transport = new TestTransport();
                engine.member(transport, ROOM);
                members.add(transport);
            }
            List<CompletableFuture<FanoutReceipt>> receipts = new ArrayList<>();
            List<String> expected = new ArrayList<>(List.of("joined"));
            for (int i = 0; i < 50; i++) {
                receipts.add(engine.local
                        .deliver(TestEngine.event(ROOM, "e" + i, DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL)
                        .toCompletableFuture());
                expected.add("e" + i);
            }

            receipts.forEach(
                    receipt -> assertThat(TestEngine.await(receipt).chunks()).isBetween(10, 11));
            assertThat(members)
                    .allSatisfy(member -> assertThat(member.received()).isEqualTo(expected));
        }
    }

    @Test
    void aSmallRoomHasItsTurnBeforeALargePassIsOver() throws Exception {
        RoutingKey small = RoutingKey.room("small");
        CountDownLatch smallIsServed = new CountDownLatch(1);
        AtomicInteger servedBefore = new AtomicInteger();
        try (TestEngine engine =
                TestEngine.builder().settings(settings(10, 1, 1000)).start()) {
            CountDownLatch largeStarted = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            for (int i = 0; i < 1000; i++) {
                TestTransport transport = new TestTransport();
                engine.member(transport, ROOM);
                transport.onWakeUp(() -> {
                    largeStarted.countDown();
                    await(goOn);
                    if (smallIsServed.getCount() > 0) {
                        servedBefore.incrementAndGet();
                    }
                });
            }
            TestTransport one = new TestTransport();
            engine.member(one, small);
            one.onWakeUp(smallIsServed::countDown);

            CompletableFuture<FanoutReceipt> large = engine.local
                    .deliver(TestEngine.event(ROOM, "big", DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL)
                    .toCompletableFuture();
            await(largeStarted);
            engine.local.deliver(
                    TestEngine.event(small, "little", DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL);
            goOn.countDown();
            await(smallIsServed);
            TestEngine.await(large);

            assertThat(servedBefore.get())
                    .as("members of the large room before the small one")
                    .isLessThanOrEqualTo(10);
        }
    }

    @Test
    void aTenantWithMoreWeightHasLargerTurns() {
        FanoutSettings weighted = new FanoutSettings(
                10,
                Duration.ofSeconds(1),
                1,
                MembershipCutoff.RECHECK,
                100,
                100,
                1 << 20,
                tenant -> "gold".equals(tenant) ? 5 : 1);
        RoutingKey gold = ROOM.withTenant("gold");
        try (TestEngine engine = TestEngine.builder().settings(weighted).start()) {
            for (int i = 0; i < 100; i++) {
                Connection connection = engine.member(new TestTransport(), ROOM);
                engine.join(connection, gold);
            }

            assertThat(engine.deliver(TestEngine.event(ROOM, "e", DeliveryClass.STANDARD))
                            .chunks())
                    .isEqualTo(10);
            assertThat(engine.deliver(TestEngine.event(gold, "e", DeliveryClass.STANDARD))
                            .chunks())
                    .isEqualTo(2);
        }
    }

    @Test
    void aFullBacklogRefusesAtOnceAndNothingOfTheRefusedEventIsDelivered() throws Exception {
        try (TestEngine engine =
                TestEngine.builder().settings(settings(10, 1, 3)).start()) {
            CountDownLatch goOn = new CountDownLatch(1);
            CountDownLatch started = new CountDownLatch(1);
            TestTransport member = new TestTransport();
            engine.member(member, ROOM);
            member.onWakeUp(() -> {
                started.countDown();
                await(goOn);
            });
            List<CompletableFuture<FanoutReceipt>> receipts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                receipts.add(engine.local
                        .deliver(TestEngine.event(ROOM, "e" + i, DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL)
                        .toCompletableFuture());
            }
            await(started);

            assertThatExceptionOfType(FanoutBacklogFullException.class)
                    .isThrownBy(() -> engine.local.deliver(
                            TestEngine.event(ROOM, "refused", DeliveryClass.STANDARD), FanoutListener.Origin.LOCAL))
                    .satisfies(ex -> assertThat(ex.retryable()).isTrue());
            goOn.countDown();
            receipts.forEach(TestEngine::await);

            assertThat(member.received()).containsExactly("joined", "e0", "e1", "e2");
            // A receipt is complete a moment before its place is free.
            Awaitility.await()
                    .untilAsserted(() -> assertThat(engine.local.pending()).isZero());
        }
    }

    @Test
    void variantsAreRenderedOncePerKeyAndSkippedRecipientsAreExcluded() {
        AtomicInteger renderings = new AtomicInteger();
        RecipientCustomizer byLanguage = new ByLanguage(renderings);
        try (TestEngine engine = TestEngine.builder().customizer(byLanguage).start()) {
            Map<String, List<TestTransport>> members = Map.of(
                    "de", connect(engine, "de", 4), "fr", connect(engine, "fr", 4), "skip", connect(engine, "skip", 2));
            TestTransport plain = new TestTransport();
            engine.member(plain, ROOM);

            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(renderings).hasValue(2);
            assertThat(members.get("de"))
                    .allSatisfy(t -> assertThat(t.received()).contains("hello-de"));
            assertThat(members.get("fr"))
                    .allSatisfy(t -> assertThat(t.received()).contains("hello-fr"));
            assertThat(members.get("skip"))
                    .allSatisfy(t -> assertThat(t.received()).containsExactly("joined"));
            assertThat(plain.received()).contains("hello");
            assertThat(receipt.excluded()).isEqualTo(2);
            assertThat(receipt.accepted()).isEqualTo(9);
        }
    }

    @Test
    void aFailingVariantDropsItsRecipientsWithAGapAndNobodyElse() {
        try (TestEngine engine = TestEngine.builder()
                .customizer(new ByLanguage(new AtomicInteger()))
                .start()) {
            List<TestTransport> broken = connect(engine, "broken", 2);
            List<TestTransport> german = connect(engine, "de", 2);

            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(broken).allSatisfy(t -> assertThat(t.received()).containsExactly("joined", "gap:project:42"));
            assertThat(german).allSatisfy(t -> assertThat(t.received()).containsExactly("joined", "hello-de"));
            assertThat(receipt.dropped()).isEqualTo(2);
            assertThat(receipt.accepted()).isEqualTo(2);
        }
    }

    @Test
    void aMemberThatClosesInTheMiddleOfAPassIsRoutine() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport first = new TestTransport();
            engine.member(first, ROOM);
            Connection second = engine.member(new TestTransport(), ROOM);
            first.onWakeUp(() -> second.closed(io.github.realtimespring.CloseReason.ABNORMAL));

            FanoutReceipt receipt = engine.deliver(TestEngine.event(ROOM, "hello", DeliveryClass.STANDARD));

            assertThat(receipt.stale() + receipt.closed()).isEqualTo(1);
            assertThat(engine.rooms.leave(ROOM, second.id())).isEqualTo(MembershipChange.NOT_CONNECTED);
        }
    }

    private static List<TestTransport> connect(TestEngine engine, String language, int count) {
        List<TestTransport> transports = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            TestTransport transport = new TestTransport();
            Connection connection =
                    engine.connect(transport, new Identity(null, null, null, Map.of("language", language)));
            engine.join(connection, ROOM);
            transports.add(transport);
        }
        return transports;
    }

    private static Event except(ConnectionId connection) {
        return new Event(
                EventId.next(0),
                ROOM,
                "test.event",
                Payload.ofJson("hello"),
                DeliveryClass.STANDARD,
                Instant.EPOCH,
                null,
                Set.of(connection),
                null);
    }

    private static Event typing(String data) {
        return new Event(
                EventId.next(0),
                ROOM,
                "typing",
                Payload.ofJson(data),
                DeliveryClass.EPHEMERAL,
                Instant.EPOCH,
                null,
                Set.of(),
                "alice");
    }

    private static FanoutSettings settings(int chunk, int parallelism, int maxPending) {
        return new FanoutSettings(
                chunk,
                Duration.ofSeconds(1),
                parallelism,
                MembershipCutoff.RECHECK,
                maxPending,
                maxPending,
                1 << 20,
                tenant -> 1);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }

    private record ByLanguage(AtomicInteger renderings) implements RecipientCustomizer {

        @Override
        public boolean supports(Event event) {
            return true;
        }

        @Override
        public @Nullable String variant(Event event, Object data, Connection recipient) {
            Object language = recipient.identity().claims().get("language");
            return "skip".equals(language) ? SKIP : (String) language;
        }

        @Override
        public Object render(Event event, Object data, String variant) {
            if (variant.equals("broken")) {
                throw new IllegalStateException("broken");
            }
            this.renderings.incrementAndGet();
            return data + "-" + variant;
        }
    }
}
