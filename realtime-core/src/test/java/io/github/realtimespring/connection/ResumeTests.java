package io.github.realtimespring.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.fanout.RecipientCustomizer;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What a client that was away, or was too slow, gets of a room's stream. */
class ResumeTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final RoutingKey OTHER = RoutingKey.room("project:43");

    @Test
    void whoComesBackGetsWhatItMissedInOrderAndThenWhatIsNew() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor since = publish(engine, ROOM, 1, 2);
            publish(engine, ROOM, 3, 5);
            TestTransport alice = new TestTransport();

            RoomService.Join join = engine.resume(engine.connect(alice), ROOM, since);
            publish(engine, ROOM, 6, 7);

            assertThat(join.recovery()).isEqualTo(Recovery.RECOVERED);
            assertThat(join.cursor()).isEqualTo(new Cursor(since.epoch(), 5));
            assertThat(alice.received()).containsExactly("joined:3", "e3@3", "e4@4", "e5@5", "e6@6", "e7@7");
        }
    }

    @Test
    void whoMissedNothingIsRecoveredAndGetsNothing() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor since = publish(engine, ROOM, 1, 2);
            TestTransport alice = new TestTransport();
            engine.resume(engine.connect(alice), ROOM, since);
            publish(engine, ROOM, 3, 3);

            assertThat(alice.received()).containsExactly("joined:0", "e3@3");
        }
    }

    @Test
    void aPositionThatNoStreamGaveIsNotRecoveredAndNothingIsReplayed() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor head = publish(engine, ROOM, 1, 3);
            Cursor foreign = publish(engine, OTHER, 1, 3);
            for (Cursor since :
                    new Cursor[] {null, foreign, new Cursor(head.epoch(), 4), new Cursor(head.epoch(), Long.MAX_VALUE)
                    }) {
                TestTransport alice = new TestTransport();
                Connection connection = engine.connect(alice);

                RoomService.Join join = engine.resume(connection, ROOM, since);

                assertThat(join.recovery()).as("%s", since).isEqualTo(Recovery.EXPIRED);
                assertThat(join.cursor()).isEqualTo(head);
                assertThat(alice.received()).containsExactly("joined");
                connection.close(CloseReason.NORMAL);
            }
        }
    }

    @Test
    void whoMissedMoreThanTheHistoryHasGetsNone() {
        try (TestEngine engine = TestEngine.builder().history(history(3)).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 5);
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();

            assertThat(engine.resume(engine.connect(alice), ROOM, since).recovery())
                    .isEqualTo(Recovery.EXPIRED);
            assertThat(engine.resume(engine.connect(bob), ROOM, after(since, 1)).recovery())
                    .isEqualTo(Recovery.RECOVERED);
            assertThat(alice.received()).containsExactly("joined");
            assertThat(bob.received()).containsExactly("joined:3", "e3@3", "e4@4", "e5@5");
        }
    }

    @Test
    void whoMissedMoreThanTheRecoveryLimitGetsNone() {
        try (TestEngine engine = TestEngine.builder().recoveryLimit(2).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 4);
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();

            assertThat(engine.resume(engine.connect(alice), ROOM, since).recovery())
                    .isEqualTo(Recovery.PARTIAL_REFUSED);
            assertThat(engine.resume(engine.connect(bob), ROOM, after(since, 1)).recovery())
                    .isEqualTo(Recovery.RECOVERED);
            assertThat(alice.received()).containsExactly("joined");
            assertThat(bob.received()).containsExactly("joined:2", "e3@3", "e4@4");
        }
    }

    @Test
    void eventsThatComeWhileTheJoinIsUnderWayFollowTheReplayOnce() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 2);
            TestTransport alice = new TestTransport();
            Connection connection = engine.connect(alice);

            RoomService.Join join =
                    TestEngine.await(engine.roomService.resume(connection, ROOM, 10, Optional.of(since)));
            publish(engine, ROOM, 3, 4);
            assertThat(connection.queue().size()).as("kept by reference").isZero();
            engine.complete(connection, ROOM, join, null);
            publish(engine, ROOM, 5, 5);

            assertThat(alice.received()).containsExactly("joined:1", "e2@2", "e3@3", "e4@4", "e5@5");
        }
    }

    @Test
    void aGapThatTheJoinDeclaresStandsRightBehindJoined() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 2);
            TestTransport alice = new TestTransport();
            Connection connection = engine.connect(alice);
            RoomService.Join join =
                    TestEngine.await(engine.roomService.resume(connection, ROOM, 10, Optional.of(since)));

            engine.complete(connection, ROOM, join, GapReason.AWAY);

            assertThat(alice.received()).containsExactly("joined:1", "gap:project:42", "e2@2");
        }
    }

    @Test
    void aReplayOfTenThousandEventsIsPacedByTheQueueAndClosesNobody() {
        HistoryLimits large = new HistoryLimits(20_000, 64 << 20, 10, 128 << 20, Duration.ofMinutes(5));
        try (TestEngine engine = TestEngine.builder()
                .history(large)
                .recoveryLimit(10_000)
                .limits(limits(64))
                .start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 10_001);
            TestTransport alice = new TestTransport().block();
            Connection connection = engine.connect(alice);

            engine.resume(connection, ROOM, since);
            assertThat(connection.queue().size()).isLessThanOrEqualTo(33);
            publish(engine, ROOM, 10_002, 10_050);
            assertThat(connection.queue().size()).isLessThanOrEqualTo(33);
            alice.unblock();

            assertThat(alice.closes()).isEmpty();
            assertThat(alice.received()).hasSize(1 + 10_000 + 49).startsWith("joined:10000", "e2@2");
            assertThat(offsets(alice)).isEqualTo(range(2, 10_050));
            assertThat(connection.queue().inconsistencies()).isEmpty();
        }
    }

    @Test
    void whatWasPromisedIsReplayedEvenIfTheHistoryForgetsItMeanwhile() {
        try (TestEngine engine =
                TestEngine.builder().history(history(20)).limits(limits(4)).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 21);
            TestTransport alice = new TestTransport().block();

            engine.resume(engine.connect(alice), ROOM, since);
            publish(engine, ROOM, 22, 30);
            alice.unblock();

            assertThat(alice.received()).startsWith("joined:20").doesNotContain("gap:project:42");
            assertThat(offsets(alice)).isEqualTo(range(2, 30));
        }
    }

    @Test
    void aCutInTheMiddleOfAReplayLeavesACursorFromWhichTheNextOneContinues() {
        try (TestEngine engine = TestEngine.builder().limits(limits(8)).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 100);
            TestTransport first = new TestTransport().block();
            Connection cut = engine.connect(first);
            engine.resume(cut, ROOM, since);
            cut.queue().written();
            List<String> got = new ArrayList<>();
            for (var batch = cut.queue().poll(20);
                    got.size() < 10;
                    batch = cut.queue().poll(20)) {
                batch.forEach(frame -> {
                    if (frame.cursor() != null) {
                        got.add(frame.cursor().toString());
                    }
                });
                cut.queue().written();
            }
            cut.closed(CloseReason.ABNORMAL);
            Cursor last = Cursor.parse(got.get(got.size() - 1)).orElseThrow();
            TestTransport second = new TestTransport();

            engine.resume(engine.connect(second), ROOM, last);

            assertThat(offsets(second)).isEqualTo(range((int) last.offset() + 1, 100));
        }
    }

    @Test
    void aFullQueuePausesTheRoomWhichGoesOnFromTheHistoryWhenTheQueueDrains() {
        try (TestEngine engine = TestEngine.builder().limits(limits(4)).start()) {
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            engine.member(bob, ROOM);
            alice.block();

            FanoutReceipt last = null;
            for (int i = 1; i <= 50; i++) {
                last = engine.publish(ROOM, "e" + i, DeliveryClass.RECOVERABLE).local();
            }
            assertThat(last.accepted())
                    .as("a paused member will get it from the history")
                    .isEqualTo(2);
            assertThat(connection.queue().size()).isLessThanOrEqualTo(4);
            assertThat(connection.dropped()).isZero();
            alice.unblock();
            publish(engine, ROOM, 51, 52);

            assertThat(offsets(alice)).isEqualTo(range(1, 52)).isEqualTo(offsets(bob));
            assertThat(alice.closes()).isEmpty();
            assertThat(connection.queue().inconsistencies()).isEmpty();
        }
    }

    @Test
    void eventsThatWaitTooLongStayAndTheirRoomPausesUntilTheyWereTaken() {
        TestTicker time = new TestTicker();
        QueueLimits limits = new QueueLimits(
                10_000, 100, Duration.ofSeconds(5), Duration.ofSeconds(60), 1 << 20, OverflowPolicy.CLOSE);
        try (TestEngine engine =
                TestEngine.builder().ticker(time).limits(limits).start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            alice.block();
            publish(engine, ROOM, 1, 3);
            engine.publish(ROOM, "notice", DeliveryClass.STANDARD);
            time.advance(Duration.ofMillis(5_001));

            connection.queue().expire(time.nanos());
            publish(engine, ROOM, 4, 50);
            assertThat(connection.queue().size()).as("two events and a gap").isEqualTo(3);
            assertThat(connection.queue().inconsistencies()).isEmpty();
            time.advance(Duration.ofSeconds(30));
            connection.queue().expire(time.nanos());
            alice.unblock();
            publish(engine, ROOM, 51, 51);

            assertThat(alice.closes()).isEmpty();
            assertThat(offsets(alice)).isEqualTo(range(1, 51));
            assertThat(alice.received())
                    .as("the notice is in no history")
                    .startsWith("joined", "e1@1", "e2@2", "e3@3", "gap:project:42", "e4@4");
            assertThat(connection.queue().inconsistencies()).isEmpty();
        }
    }

    @Test
    void aPauseOfOneRoomLeavesTheOtherAlone() {
        try (TestEngine engine = TestEngine.builder().limits(limits(4)).start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            engine.join(connection, OTHER);
            alice.block();
            publish(engine, ROOM, 1, 20);
            publish(engine, OTHER, 1, 20);
            alice.unblock();
            publish(engine, OTHER, 21, 21);
            publish(engine, ROOM, 21, 21);

            assertThat(alice.received()).hasSize(2 + 21 + 21);
            assertThat(alice.received().subList(2, 44).stream().distinct()).hasSize(21);
        }
    }

    @Test
    void whatTheHistoryLostDuringAPauseIsDeclaredAndTheRoomGoesOn() {
        try (TestEngine engine =
                TestEngine.builder().history(history(5)).limits(limits(4)).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);
            alice.block();
            publish(engine, ROOM, 1, 50);
            alice.unblock();
            publish(engine, ROOM, 51, 52);

            assertThat(alice.received())
                    .containsExactly(
                            "joined", "e1@1", "e2@2", "e3@3", "e4@4", "e5@5", "gap:project:42", "e51@51", "e52@52");
        }
    }

    @Test
    void aCriticalEventClosesAFullQueueAndWaitsItsTurnInAPausedRoomThatHasRoomAgain() {
        try (TestEngine engine = TestEngine.builder().limits(limits(8)).start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            alice.block();
            publish(engine, ROOM, 1, 20);
            assertThat(engine.publish(ROOM, "critical", DeliveryClass.CRITICAL)
                            .local()
                            .closed())
                    .isEqualTo(1);
            assertThat(alice.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
            assertThat(connection.isOpen()).isFalse();
        }
    }

    @Test
    void whoLeavesAPausedRoomGetsNothingMoreOfIt() {
        try (TestEngine engine = TestEngine.builder().limits(limits(4)).start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            alice.block();
            publish(engine, ROOM, 1, 20);
            engine.roomService.leave(connection, ROOM, LeaveReason.KICKED);
            alice.unblock();

            assertThat(offsets(alice)).isEqualTo(range(1, 5));
            engine.join(connection, ROOM);
            publish(engine, ROOM, 21, 21);
            assertThat(alice.received()).endsWith("joined", "e21@21");
        }
    }

    @Test
    void anAnswerThatComesAfterTheClientLeftAndJoinedAgainIsIgnored() {
        Deque<Runnable> waiting = new ArrayDeque<>();
        try (TestEngine engine =
                TestEngine.builder().limits(limits(4)).replays(waiting::add).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 3);
            TestTransport alice = new TestTransport();
            Connection connection = engine.connect(alice);
            engine.resume(connection, ROOM, since);
            Runnable late = waiting.remove();
            engine.roomService.leave(connection, ROOM, LeaveReason.CLIENT);
            engine.resume(connection, ROOM, after(since, 1));
            late.run();
            assertThat(alice.received()).containsExactly("joined:2", "joined:1");

            while (!waiting.isEmpty()) {
                waiting.remove().run();
            }
            assertThat(alice.received()).containsExactly("joined:2", "joined:1", "e3@3");
        }
    }

    @Test
    void aMemberThatJoinsAgainWithAPositionGetsTheStreamFromThereOn() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            Cursor third = publish(engine, ROOM, 1, 3);
            engine.resume(connection, ROOM, new Cursor(third.epoch(), 1));
            publish(engine, ROOM, 4, 4);

            assertThat(alice.received())
                    .containsExactly("joined", "e1@1", "e2@2", "e3@3", "joined:2", "e2@2", "e3@3", "e4@4");
        }
    }

    @Test
    void anEventLargerThanTheQueueIsDeclaredLostAndTheRoomGoesOn() {
        try (TestEngine engine = TestEngine.builder().limits(limits(16)).start()) {
            TestTransport alice = new TestTransport();
            engine.member(alice, ROOM);
            engine.publish(ROOM, "x".repeat(20_000), DeliveryClass.RECOVERABLE);
            publish(engine, ROOM, 2, 3);

            assertThat(alice.received()).containsExactly("joined", "gap:project:42", "e2@2", "e3@3");
            assertThat(alice.closes()).isEmpty();
        }
    }

    @Test
    void exceptLeavesNobodyOutOfAReplay() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);
            Event event = new Event(
                    "id-1",
                    ROOM,
                    "test.event",
                    Payload.ofJson("mine"),
                    DeliveryClass.RECOVERABLE,
                    Instant.EPOCH,
                    null,
                    Set.of(connection.id()),
                    null);
            Cursor since = TestEngine.await(engine.streams.head(ROOM));
            TestEngine.await(engine.fanout.publish(event).receipt());
            assertThat(alice.received()).containsExactly("joined");

            engine.resume(connection, ROOM, since);

            assertThat(alice.received()).containsExactly("joined", "joined:1", "mine@1");
        }
    }

    @Test
    void recipientsGetTheirVariantsOnReplayAndWhoIsSkippedIsNotBehind() {
        RecipientCustomizer customizer = new RecipientCustomizer() {
            @Override
            public boolean supports(Event event) {
                return true;
            }

            @Override
            public String variant(Event event, Object data, Connection recipient) {
                if ("bob".equals(recipient.identity().user())) {
                    return data.equals("e2") ? SKIP : null;
                }
                return data.equals("e3") ? "broken" : "loud";
            }

            @Override
            public Object render(Event event, Object data, String variant) {
                if (variant.equals("broken")) {
                    throw new IllegalStateException("broken");
                }
                return data.toString().toUpperCase(Locale.ROOT);
            }
        };
        try (TestEngine engine = TestEngine.builder().customizer(customizer).start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 4);
            TestTransport alice = new TestTransport();
            TestTransport bob = new TestTransport();
            Connection slow = engine.connect(bob, Identity.user("bob"));

            engine.resume(engine.connect(alice, Identity.user("alice")), ROOM, since);
            engine.resume(slow, ROOM, since);
            publish(engine, ROOM, 5, 5);

            assertThat(alice.received()).containsExactly("joined:3", "E2@2", "gap:project:42", "E4@4", "E5@5");
            assertThat(bob.received()).containsExactly("joined:3", "e3@3", "e4@4", "e5@5");
            assertThat(slow.queue().inconsistencies()).isEmpty();
        }
    }

    @Test
    void replaysOfManyMembersEncodeAnEventOnce() {
        try (TestEngine engine = TestEngine.start()) {
            Cursor since = publish(engine, ROOM, 1, 1);
            publish(engine, ROOM, 2, 11);
            int before = engine.frames.encodings();
            for (int i = 0; i < 50; i++) {
                TestTransport transport = new TestTransport();
                engine.resume(engine.connect(transport), ROOM, since);
                assertThat(transport.received()).hasSize(11);
            }

            assertThat(engine.frames.encodings() - before).isEqualTo(10);
        }
    }

    private static Cursor publish(TestEngine engine, RoutingKey key, int from, int to) {
        Cursor cursor = null;
        for (int i = from; i <= to; i++) {
            cursor = engine.publish(key, "e" + i, DeliveryClass.RECOVERABLE).cursor();
        }
        return cursor;
    }

    private static List<Integer> offsets(TestTransport transport) {
        return transport.received().stream()
                .filter(text -> text.contains("@"))
                .map(text -> Integer.valueOf(text.substring(text.indexOf('@') + 1)))
                .toList();
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.rangeClosed(from, to).boxed().toList();
    }

    private static Cursor after(Cursor cursor, int events) {
        return new Cursor(cursor.epoch(), cursor.offset() + events);
    }

    private static HistoryLimits history(int events) {
        return new HistoryLimits(events, 1 << 20, 100, 1 << 20, Duration.ofMinutes(5));
    }

    private static QueueLimits limits(int messages) {
        return new QueueLimits(
                10_000, messages, Duration.ofSeconds(30), Duration.ofSeconds(10), 1 << 20, OverflowPolicy.CLOSE);
    }
}
