package io.github.realtimespring.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestFrames;
import io.github.realtimespring.testing.TestTransport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class RoomServiceTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final int NO_LIMIT = Integer.MAX_VALUE;

    @Test
    void membershipExistsBeforeTheJoinIsAcknowledgedAndEventsWaitBehindJoined() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.connect(alice);

            RoomService.Join join = TestEngine.await(engine.roomService.join(connection, ROOM, NO_LIMIT));
            engine.publish(ROOM, "early", DeliveryClass.RECOVERABLE);
            assertThat(alice.received()).isEmpty();
            engine.roomService.completeJoin(connection, ROOM, join, joined(), null);

            assertThat(join.change()).isEqualTo(MembershipChange.JOINED_FIRST);
            assertThat(alice.received()).containsExactly("joined", "early@1");
        }
    }

    @Test
    void theCursorOfAJoinIsThePositionBeforeAnythingThatFollows() {
        try (TestEngine engine = TestEngine.start()) {
            engine.publish(ROOM, "before", DeliveryClass.RECOVERABLE);

            RoomService.Join join =
                    TestEngine.await(engine.roomService.join(engine.connect(new TestTransport()), ROOM, NO_LIMIT));
            Cursor next =
                    engine.publish(ROOM, "after", DeliveryClass.RECOVERABLE).cursor();

            assertThat(next)
                    .isEqualTo(new Cursor(join.cursor().epoch(), join.cursor().offset() + 1));
        }
    }

    @Test
    void aSubscriptionThatCannotBeHadRollsTheMembershipBack() {
        Subscriptions backplane = new Subscriptions();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            Connection connection = engine.connect(new TestTransport());

            CompletionStage<RoomService.Join> join = engine.roomService.join(connection, ROOM, NO_LIMIT);
            assertThat(engine.rooms.isMember(ROOM, connection.id())).isTrue();
            backplane.pending.get(0).completeExceptionally(new IllegalStateException("down"));

            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> TestEngine.await(join))
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RealtimeException.class, ex -> assertThat(ex.code()).isEqualTo(ErrorCode.UNAVAILABLE));
            assertThat(engine.rooms.keyCount()).isZero();
            assertThat(connection.queue().size()).isZero();
        }
    }

    @Test
    void aChannelThatCannotBeSubscribedIsNotKept() {
        Subscriptions backplane = new Subscriptions();
        RoutingKey channel = new RoutingKey(RoutingKey.Kind.CHANNEL, null, "news");
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            Connection connection = engine.connect(new TestTransport());

            CompletionStage<MembershipChange> subscribing = engine.roomService.subscribe(connection, channel);
            backplane.pending.get(0).completeExceptionally(new IllegalStateException("down"));

            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> TestEngine.await(subscribing))
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RealtimeException.class, ex -> assertThat(ex.code()).isEqualTo(ErrorCode.UNAVAILABLE));
            assertThat(engine.rooms.keyCount()).isZero();
        }
    }

    @Test
    void aSecondJoinerWaitsForTheSubscriptionToo() {
        Subscriptions backplane = new Subscriptions();
        try (TestEngine engine = TestEngine.builder().backplane(backplane).start()) {
            CompletionStage<RoomService.Join> first =
                    engine.roomService.join(engine.connect(new TestTransport()), ROOM, NO_LIMIT);
            CompletionStage<RoomService.Join> second =
                    engine.roomService.join(engine.connect(new TestTransport()), ROOM, NO_LIMIT);

            assertThat(first.toCompletableFuture()).isNotDone();
            assertThat(second.toCompletableFuture()).isNotDone();
            backplane.pending.forEach(pending -> pending.complete(null));
            assertThat(TestEngine.await(first).change()).isEqualTo(MembershipChange.JOINED_FIRST);
            assertThat(TestEngine.await(second).change()).isEqualTo(MembershipChange.JOINED);
        }
    }

    @Test
    void aRoomThatIsFullRefusesAndNothingIsLeftOfTheJoin() {
        try (TestEngine engine = TestEngine.start()) {
            engine.member(new TestTransport(), ROOM);
            Connection late = engine.connect(new TestTransport());

            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> TestEngine.await(engine.roomService.join(late, ROOM, 1)))
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RealtimeException.class, ex -> assertThat(ex.code()).isEqualTo(ErrorCode.ROOM_FULL));
            assertThat(engine.rooms.keys(late.id())).isEmpty();
        }
    }

    @Test
    void aConnectionThatClosesInTheMiddleOfAJoinLeavesNothingBehind() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.connect(alice);
            RoomService.Join join = TestEngine.await(engine.roomService.join(connection, ROOM, NO_LIMIT));

            connection.closed(CloseReason.ABNORMAL);

            assertThat(engine.roomService.completeJoin(connection, ROOM, join, joined(), null))
                    .isFalse();
            assertThat(engine.rooms.keyCount()).isZero();
            assertThat(engine.connections.size()).isZero();
            assertThat(engine.connections.inconsistencies()).isEmpty();
        }
    }

    @Test
    void aConnectionThatClosedBeforeItWasAdmittedIsNotKept() {
        try (TestEngine engine = TestEngine.start()) {
            Connection connection = engine.connection(new TestTransport(), Identity.user("alice"));
            connection.closed(CloseReason.ABNORMAL);

            engine.connections.admit(connection, io.github.realtimespring.registry.DuplicatePolicy.ALLOW);

            assertThat(engine.connections.size()).isZero();
            assertThat(engine.rooms.connectionCount()).isZero();
            assertThat(engine.connections.hasPlace()).isTrue();
        }
    }

    @Test
    void joiningAgainKeepsTheMembershipAndItsEvents() {
        try (TestEngine engine = TestEngine.start()) {
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);

            RoomService.Join again = TestEngine.await(engine.roomService.join(connection, ROOM, NO_LIMIT));
            engine.publish(ROOM, "hello", DeliveryClass.STANDARD);
            engine.roomService.abandonJoin(connection, ROOM, again.change());

            assertThat(again.change()).isEqualTo(MembershipChange.NONE);
            assertThat(alice.received()).containsExactly("joined", "hello");
        }
    }

    @Test
    void leavingEndsEventsAndIsTold() {
        try (TestEngine engine = TestEngine.start()) {
            List<LeaveReason> told = told(engine);
            TestTransport alice = new TestTransport();
            Connection connection = engine.member(alice, ROOM);

            engine.roomService.leave(connection, ROOM, LeaveReason.CLIENT);
            engine.roomService.leave(connection, ROOM, LeaveReason.CLIENT);
            engine.publish(ROOM, "hello", DeliveryClass.STANDARD);

            assertThat(alice.received()).containsExactly("joined");
            assertThat(told).containsExactly(LeaveReason.CLIENT);
        }
    }

    @Test
    void evictionRevokesEveryConnectionOfTheUserInThatRoomOnly() {
        try (TestEngine engine = TestEngine.start()) {
            List<LeaveReason> told = told(engine);
            Connection laptop = engine.connect(new TestTransport(), Identity.user("bob"));
            Connection phone = engine.connect(new TestTransport(), Identity.user("bob"));
            Connection alice = engine.connect(new TestTransport(), Identity.user("alice"));
            RoutingKey other = RoutingKey.room("other");
            List.of(laptop, phone, alice).forEach(connection -> engine.join(connection, ROOM));
            engine.join(laptop, other);

            assertThat(engine.roomService.evict(ROOM, "bob")).containsExactly(laptop, phone);

            assertThat(engine.connections.connections(ROOM)).containsExactly(alice);
            assertThat(engine.rooms.isMember(other, laptop.id())).isTrue();
            assertThat(laptop.isOpen()).isTrue();
            assertThat(told).containsExactly(LeaveReason.KICKED, LeaveReason.KICKED);
        }
    }

    @Test
    void theReasonOfALeaveFollowsFromTheClose() {
        try (TestEngine engine = TestEngine.start()) {
            List<LeaveReason> told = told(engine);
            engine.member(new TestTransport(), ROOM).close(CloseReason.DRAINING);
            engine.member(new TestTransport(), ROOM).close(CloseReason.SLOW_CONSUMER);
            engine.member(new TestTransport(), ROOM).closed(CloseReason.ABNORMAL);

            assertThat(told).containsExactly(LeaveReason.DRAIN, LeaveReason.TIMEOUT, LeaveReason.CLOSED);
        }
    }

    @Test
    void evictionEndsTheWatchOfOneWhoIsNotInTheRoom() {
        try (TestEngine engine = TestEngine.start()) {
            RoutingKey presence = new RoutingKey(RoutingKey.Kind.PRESENCE, null, ROOM.id());
            Connection bob = engine.connect(new TestTransport(), Identity.user("bob"));
            TestEngine.await(engine.roomService.subscribe(bob, presence));

            assertThat(engine.roomService.evict(ROOM, "bob")).containsExactly(bob);
            assertThat(engine.rooms.isMember(presence, bob.id())).isFalse();
        }
    }

    private static List<LeaveReason> told(TestEngine engine) {
        List<LeaveReason> told = new ArrayList<>();
        engine.roomService.listen(new RoomListener() {
            @Override
            public void left(Connection connection, RoutingKey key, LeaveReason reason, MembershipChange change) {
                if (key.kind() == RoutingKey.Kind.ROOM) {
                    told.add(reason);
                }
            }
        });
        return told;
    }

    private static Frame joined() {
        return Frame.direct(TestFrames.bytes("joined"));
    }

    /** Subscriptions are in force when the test says so. */
    private static final class Subscriptions implements BackplaneAdapter {

        private final List<CompletableFuture<Void>> pending = new ArrayList<>();

        @Override
        public String name() {
            return "subscriptions";
        }

        @Override
        public void start(BackplaneListener listener) {}

        @Override
        public CompletionStage<Published> publish(BackplaneMessage message) {
            return CompletableFuture.completedFuture(new Published(BackplaneOutcome.PUBLISHED, null));
        }

        @Override
        public CompletionStage<Void> subscribe(RoutingKey key) {
            CompletableFuture<Void> inForce = new CompletableFuture<>();
            this.pending.add(inForce);
            return inForce;
        }

        @Override
        public CompletionStage<Void> unsubscribe(RoutingKey key) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public BackplaneStatus status() {
            return new BackplaneStatus(true, true, Instant.EPOCH, null);
        }

        @Override
        public void close() {}
    }
}
