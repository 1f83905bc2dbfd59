package io.github.realtimespring.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.testing.TestFrames;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SendQueueTests {

    private static final RoutingKey ROOM = RoutingKey.room("a");
    private static final RoutingKey OTHER = RoutingKey.room("b");

    private final TestTicker ticker = new TestTicker();
    private final TestTransport transport = new TestTransport();
    private final List<String> told = new ArrayList<>();
    private final List<Connection> connections = new ArrayList<>();

    @AfterEach
    void invariantsHold() {
        this.connections.forEach(
                connection -> assertThat(connection.queue().inconsistencies()).isEmpty());
    }

    @Test
    void aPeerThatReadsGetsFramesInOrder() {
        Connection connection = connection(4, 1000, OverflowPolicy.CLOSE);

        for (int i = 1; i <= 20; i++) {
            assertThat(connection.send(event("e" + i, DeliveryClass.STANDARD))).isEqualTo(Outcome.ACCEPTED);
        }

        assertThat(this.transport.received()).hasSize(20).startsWith("e1", "e2").endsWith("e20");
        assertThat(connection.queue().bytes()).isZero();
    }

    @Test
    void aBusyTransportIsToldOnceAndThenPullsEverythingInOneBatch() {
        Connection connection = connection(10, 1000, OverflowPolicy.CLOSE);
        this.transport.block();

        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("e2", DeliveryClass.STANDARD));
        connection.send(event("e3", DeliveryClass.STANDARD));
        assertThat(this.transport.wakeUps()).isEqualTo(1);
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("e1", "e2", "e3");
        assertThat(this.told).containsExactly("flushed 1", "flushed 2");
    }

    @Test
    void anIdleTransportIsToldAgain() {
        Connection connection = connection(10, 1000, OverflowPolicy.CLOSE);

        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("e2", DeliveryClass.STANDARD));

        assertThat(this.transport.wakeUps()).isEqualTo(2);
    }

    @Test
    void closeAnswersAFullQueueWith1013() {
        Connection connection = blocked(2, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", connectionDefault()));
        connection.send(event("e2", connectionDefault()));

        assertThat(connection.send(event("e3", connectionDefault()))).isEqualTo(Outcome.CLOSED);
        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
        assertThat(this.told).containsExactly("overflow CLOSE", "closed 1013 SERVER");
        assertThat(connection.send(event("e4", connectionDefault()))).isEqualTo(Outcome.CLOSED);
    }

    @Test
    void dropNewestRefusesTheNewEventAndDeclaresTheHoleOnce() {
        Connection connection = blocked(2, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("e2", DeliveryClass.STANDARD));

        assertThat(connection.send(event("e3", DeliveryClass.STANDARD))).isEqualTo(Outcome.DROPPED);
        assertThat(connection.send(event("e4", DeliveryClass.STANDARD))).isEqualTo(Outcome.DROPPED);
        assertThat(connection.dropped()).isEqualTo(2);
        this.transport.unblock();
        connection.send(event("e5", DeliveryClass.STANDARD));

        assertThat(this.transport.received()).containsExactly("first", "e1", "e2", "gap:a", "e5");
    }

    @Test
    void aHoleAfterAGapThatWasSentIsDeclaredAgain() {
        Connection connection = blocked(1, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("e2", DeliveryClass.STANDARD));
        this.transport.unblock();
        this.transport.block();
        connection.send(event("e3", DeliveryClass.STANDARD));
        connection.send(event("e4", DeliveryClass.STANDARD));
        connection.send(event("e5", DeliveryClass.STANDARD));
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "e1", "gap:a", "e3", "e4", "gap:a");
    }

    @Test
    void everyRoomDeclaresItsOwnHole() {
        Connection connection = blocked(1, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("lost", DeliveryClass.STANDARD));
        connection.send(frame(OTHER, "lost", DeliveryClass.STANDARD, null));
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "e1", "gap:a", "gap:b");
    }

    @Test
    void dropOldestPutsTheGapWhereTheHoleIs() {
        Connection connection = blocked(3, 1000, OverflowPolicy.CLOSE);
        DeliveryClass dropOldest = standard(OverflowPolicy.DROP_OLDEST);
        connection.send(event("e1", dropOldest));
        connection.send(frame(OTHER, "o1", dropOldest, null));
        connection.send(event("e2", dropOldest));

        assertThat(connection.send(event("e3", dropOldest))).isEqualTo(Outcome.ACCEPTED);
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "gap:a", "o1", "e2", "e3");
        assertThat(connection.dropped()).isEqualTo(1);
    }

    @Test
    void dropOldestNeverRemovesWhatMustNotBeSkipped() {
        Connection connection = blocked(2, 1000, OverflowPolicy.CLOSE);
        connection.send(event("chat", DeliveryClass.RECOVERABLE));
        connection.send(event("notice", standard(OverflowPolicy.DROP_OLDEST)));
        connection.send(event("newer", standard(OverflowPolicy.DROP_OLDEST)));
        this.transport.unblock();

        assertThat(this.transport.received()).startsWith("first", "chat").doesNotContain("notice");
    }

    @Test
    void droppingForEverDoesNotGrowTheQueue() {
        Connection connection = blocked(4, 1000, OverflowPolicy.CLOSE);
        for (int i = 0; i < 100_000; i++) {
            connection.send(event("e" + i, standard(OverflowPolicy.DROP_OLDEST)));
        }

        assertThat(connection.queue().capacity()).isLessThanOrEqualTo(16);
        this.transport.unblock();
        assertThat(this.transport.received()).startsWith("first", "gap:a").endsWith("e99999");
    }

    @Test
    void aQueueThatWasLongTakesLittleAgainOnceItIsEmpty() {
        Connection connection = blocked(1_000, 100_000, OverflowPolicy.CLOSE);
        for (int i = 0; i < 1_000; i++) {
            connection.send(event("e" + i, DeliveryClass.STANDARD));
        }
        assertThat(connection.queue().capacity()).isGreaterThanOrEqualTo(1_000);

        this.transport.unblock();

        assertThat(this.transport.received()).hasSize(1_001).endsWith("e999");
        assertThat(connection.queue().capacity()).isEqualTo(8);
    }

    /** A graceful close in the middle of a join counted the frames that waited for it for ever. */
    @Test
    void framesThatWaitedForAJoinAreForgottenWhenTheConnectionFinishesFirst() {
        Connection connection = connection(10, 1000, OverflowPolicy.CLOSE);
        connection.hold(ROOM);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.close(CloseReason.NORMAL);

        connection.release(ROOM, null);

        assertThat(connection.queue().size()).isZero();
        assertThat(connection.queue().bytes()).isZero();
        assertThat(this.transport.received()).isEmpty();
    }

    @Test
    void coalescingReplacesTheUnsentOlderValueInItsPlace() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.send(typing("alice", "typing1"));
        connection.send(event("e1", DeliveryClass.STANDARD));

        assertThat(connection.send(typing("alice", "typing2"))).isEqualTo(Outcome.COALESCED);
        assertThat(connection.send(typing("bob", "typing3"))).isEqualTo(Outcome.ACCEPTED);
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "typing2", "e1", "typing3");
    }

    @Test
    void coalescingHappensOnlyWhileTheClientIsBehind() {
        Connection connection = connection(10, 1000, OverflowPolicy.CLOSE);

        assertThat(connection.send(typing("alice", "typing1"))).isEqualTo(Outcome.ACCEPTED);
        assertThat(connection.send(typing("alice", "typing2"))).isEqualTo(Outcome.ACCEPTED);
        assertThat(this.transport.received()).containsExactly("typing1", "typing2");
    }

    @Test
    void aValueThatFindsNeitherPlaceNorOlderValueIsDroppedSilently() {
        Connection connection = blocked(1, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.STANDARD));

        assertThat(connection.send(typing("alice", "typing1"))).isEqualTo(Outcome.DROPPED);
        this.transport.unblock();
        assertThat(this.transport.received()).containsExactly("first", "e1");
    }

    @Test
    void aLargerValueIsCheckedAgainstTheBudgetBeforeItReplaces() {
        Connection connection = blocked(10, 30, OverflowPolicy.CLOSE);
        connection.send(typing("alice", "x".repeat(20)));

        assertThat(connection.send(typing("alice", "y".repeat(26)))).isEqualTo(Outcome.DROPPED);
        assertThat(connection.send(typing("alice", "z".repeat(25)))).isEqualTo(Outcome.COALESCED);
        assertThat(connection.queue().bytes()).isEqualTo(30);
    }

    @Test
    void bytesAreCheckedBeforeThePush() {
        Connection connection = blocked(100, 50, OverflowPolicy.CLOSE);

        assertThat(connection.send(event("x".repeat(45), DeliveryClass.STANDARD)))
                .isEqualTo(Outcome.ACCEPTED);
        assertThat(connection.send(event("y", DeliveryClass.STANDARD))).isEqualTo(Outcome.DROPPED);
    }

    @Test
    void bytesInFlightCount() {
        Connection connection = blocked(100, 50, OverflowPolicy.CLOSE);

        assertThat(connection.queue().size()).isZero();
        assertThat(connection.queue().bytes()).isEqualTo("first".length());
    }

    @Test
    void answersUseTheReserveAndAreNeverDropped() {
        Connection connection = blocked(1, 10, OverflowPolicy.DROP_NEWEST);
        connection.send(event("e1", DeliveryClass.STANDARD));

        assertThat(connection.send(direct("answer"))).isEqualTo(Outcome.ACCEPTED);
        this.transport.unblock();
        assertThat(this.transport.received()).containsExactly("first", "e1", "answer");
    }

    @Test
    void moreAnswersThanTheReserveCloseWith1013() {
        Connection connection = blocked(1, 10, OverflowPolicy.DROP_NEWEST);
        Outcome last = Outcome.ACCEPTED;
        for (int i = 0; i < 2000 && last == Outcome.ACCEPTED; i++) {
            last = connection.send(direct("x".repeat(1000)));
        }

        assertThat(last).isEqualTo(Outcome.CLOSED);
        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aCriticalEventThatFindsNoPlaceClosesRatherThanSkips() {
        Connection connection = blocked(1, 1000, OverflowPolicy.DROP_NEWEST);
        connection.send(event("e1", DeliveryClass.CRITICAL));

        assertThat(connection.send(event("e2", DeliveryClass.CRITICAL))).isEqualTo(Outcome.CLOSED);
        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aRecoverableEventWithoutAPlaceInTheStreamIsDroppedWithAGap() {
        Connection connection = blocked(1, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.RECOVERABLE));

        assertThat(connection.send(event("e2", DeliveryClass.RECOVERABLE))).isEqualTo(Outcome.DROPPED);
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "e1", "gap:a");
    }

    @Test
    void eventsOfARoomThatIsBeingJoinedWaitBehindJoined() {
        Connection connection = connection(10, 1000, OverflowPolicy.CLOSE);
        connection.hold(ROOM);
        connection.send(event("early1", DeliveryClass.STANDARD));
        connection.send(frame(OTHER, "other", DeliveryClass.STANDARD, null));
        connection.send(event("early2", DeliveryClass.STANDARD));
        assertThat(this.transport.received()).containsExactly("other");

        connection.release(ROOM, direct("joined"));
        connection.send(event("late", DeliveryClass.STANDARD));

        assertThat(this.transport.received()).containsExactly("other", "joined", "early1", "early2", "late");
    }

    @Test
    void eventsThatWaitForAJoinCountInTheBoundsAndTheirLossIsDeclaredBehindJoined() {
        Connection connection = connection(2, 1000, OverflowPolicy.CLOSE);
        connection.hold(ROOM);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.send(event("e2", DeliveryClass.STANDARD));

        assertThat(connection.send(event("e3", DeliveryClass.STANDARD))).isEqualTo(Outcome.DROPPED);
        connection.release(ROOM, direct("joined"));

        assertThat(this.transport.received()).containsExactly("joined", "e1", "e2", "gap:a");
    }

    @Test
    void aJoinThatFailedForgetsWhatWaited() {
        Connection connection = connection(2, 1000, OverflowPolicy.CLOSE);
        connection.hold(ROOM);
        connection.send(event("e1", DeliveryClass.STANDARD));
        connection.discard(ROOM);

        assertThat(connection.queue().size()).isZero();
        assertThat(connection.queue().bytes()).isZero();
        connection.send(event("e2", DeliveryClass.STANDARD));
        assertThat(this.transport.received()).containsExactly("e2");
    }

    @Test
    void anEventThatWaitsTooLongIsDroppedWithAGapWhenItsClassAllows() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.send(event("old", DeliveryClass.STANDARD));
        this.ticker.advance(Duration.ofSeconds(6));
        connection.send(event("young", DeliveryClass.STANDARD));
        connection.queue().expire(this.ticker.nanos());
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "gap:a", "young");
    }

    @Test
    void anEventThatMustNotBeSkippedClosesWhenItWaitsTooLong() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.send(event("approval", DeliveryClass.CRITICAL));
        this.ticker.advance(Duration.ofSeconds(6));
        connection.queue().expire(this.ticker.nanos());

        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aFrameOfNoClassClosesWhenItWaitsTooLong() {
        Connection connection = blocked(10, 1000, OverflowPolicy.DROP_NEWEST);
        connection.send(direct("answer"));
        this.ticker.advance(Duration.ofSeconds(6));
        connection.queue().expire(this.ticker.nanos());

        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    /** Its room has no history to go on from. */
    @Test
    void anEventOfAPausingClassThatWasDegradedIsDroppedWithAGapWhenItWaitsTooLong() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.send(event("degraded", DeliveryClass.RECOVERABLE));
        this.ticker.advance(Duration.ofSeconds(6));
        connection.queue().expire(this.ticker.nanos());
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "gap:a");
        assertThat(this.transport.closes()).isEmpty();
    }

    @Test
    void aWriteThatTakesLongerThanTheSendTimeoutCloses() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        this.ticker.advance(Duration.ofSeconds(10));
        connection.queue().expire(this.ticker.nanos());
        assertThat(this.transport.closes()).isEmpty();

        this.ticker.advance(Duration.ofMillis(1));
        connection.queue().expire(this.ticker.nanos());
        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aGracefulCloseSendsWhatIsQueuedFirst() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.send(event("e1", DeliveryClass.STANDARD));

        connection.close(CloseReason.DRAINING);
        assertThat(connection.send(event("e2", DeliveryClass.STANDARD))).isEqualTo(Outcome.CLOSED);
        assertThat(this.transport.closes()).isEmpty();
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("first", "e1");
        assertThat(this.transport.closes()).containsExactly(CloseReason.DRAINING);
    }

    @Test
    void aGracefulCloseOfAStuckPeerIsCutAfterTheSendTimeoutWithItsOwnCode() {
        Connection connection = blocked(10, 1000, OverflowPolicy.CLOSE);
        connection.close(CloseReason.DRAINING);
        this.ticker.advance(Duration.ofSeconds(11));
        connection.queue().expire(this.ticker.nanos());

        assertThat(this.transport.closes()).containsExactly(CloseReason.DRAINING.abrupt());
    }

    private Connection blocked(int maxMessages, long maxBytes, OverflowPolicy overflow) {
        Connection connection = connection(maxMessages, maxBytes, overflow);
        this.transport.block();
        connection.send(event("first", DeliveryClass.STANDARD));
        return connection;
    }

    private Connection connection(int maxMessages, long maxBytes, OverflowPolicy overflow) {
        QueueLimits limits = new QueueLimits(
                maxBytes, maxMessages, Duration.ofSeconds(5), Duration.ofSeconds(10), 1 << 20, overflow);
        Connection connection = new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                this.transport,
                limits,
                new TestFrames(),
                ReplaySource.none(),
                new Told(),
                this.ticker);
        this.connections.add(connection);
        return connection;
    }

    private static Frame event(String data, DeliveryClass delivery) {
        return frame(ROOM, data, delivery, null);
    }

    private static Frame typing(String user, String data) {
        return frame(ROOM, data, DeliveryClass.EPHEMERAL, user);
    }

    private static Frame direct(String data) {
        return Frame.direct(TestFrames.bytes(data));
    }

    private static Frame frame(RoutingKey key, String data, DeliveryClass delivery, @Nullable String coalesceKey) {
        return Frame.event(
                TestFrames.bytes(data),
                new Event(
                        EventId.next(0),
                        key,
                        "test.event",
                        Payload.ofJson(data),
                        delivery,
                        Instant.EPOCH,
                        null,
                        Set.of(),
                        coalesceKey));
    }

    private static DeliveryClass connectionDefault() {
        return standard(OverflowPolicy.CONNECTION);
    }

    private static DeliveryClass standard(OverflowPolicy overflow) {
        return new DeliveryClass(
                Delivery.STANDARD,
                PublishOrder.LOCAL_FIRST,
                OnNotWritable.LOCAL_ONLY,
                OnNotReadable.DELIVER_LOCALLY,
                overflow,
                false,
                true,
                Duration.ofSeconds(2));
    }

    private final class Told implements ConnectionListener {

        @Override
        public void closed(Connection connection, CloseReason reason, Initiator initiator) {
            SendQueueTests.this.told.add("closed " + reason.code() + " " + initiator);
        }

        @Override
        public void overflowed(Connection connection, OverflowPolicy policy, @Nullable Delivery delivery) {
            SendQueueTests.this.told.add("overflow " + policy);
        }

        @Override
        public void flushed(Connection connection, int frames, long bytes, long waitedNanos) {
            SendQueueTests.this.told.add("flushed " + frames);
        }
    }
}
