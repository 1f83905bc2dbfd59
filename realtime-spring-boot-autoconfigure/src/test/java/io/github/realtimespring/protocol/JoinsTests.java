package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class JoinsTests {

    private static final RoutingKey ROOM = ProtocolFixture.ROOM;

    private final ProtocolFixture fixture =
            new ProtocolFixture(settings -> ProtocolFixture.limits(settings, 1000, 1000, 64, 3, 2));

    @AfterEach
    void close() {
        this.fixture.assertConsistent();
        this.fixture.close();
    }

    @Test
    void aJoinIsAnsweredWithCursorAndStateOnceTheMembershipExists() {
        Client alice = this.fixture.user("alice");
        this.fixture.controller.joined = id -> {
            assertThat(alice.isMember(ROOM)).isTrue();
            return CompletableFuture.completedFuture(List.of(1, 2));
        };
        alice.join(1, "project:42");
        JsonNode joined = alice.answer(1);
        assertThat(joined.get("type").stringValue()).isEqualTo("joined");
        assertThat(joined.get("room").stringValue()).isEqualTo("project:42");
        assertThat(joined.get("cursor").stringValue()).matches("[a-z0-9]+\\.0");
        assertThat(joined.get("recovered").booleanValue()).isFalse();
        assertThat(joined.get("state").toString()).isEqualTo("[1,2]");
        assertThat(joined.has("members")).isFalse();
        assertThat(alice.transport.received().get(0)).startsWith("{\"type\":\"welcome\"");
        assertThat(this.fixture.listener.told).contains("joining project:{projectId}", "join allowed");
    }

    @Test
    void everyRoomHasItsOwnCursor() {
        Client alice = this.fixture.user("alice").join(1, "project:42").join(2, "project:43");
        assertThat(alice.answer(1).get("cursor")).isNotEqualTo(alice.answer(2).get("cursor"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a1f3.1041", "zzzz.999999999999999999", "nonsense", "a1f3.99999999999999999999999"})
    void aCursorThatNoStreamGaveIsAnsweredNotRecoveredAndReplaysNothing(String since) {
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','id':1,'room':'project:42','since':'" + since + "'}");
        assertThat(alice.answer(1).get("recovered").booleanValue()).isFalse();
        assertThat(alice.frames("event")).isEmpty();
    }

    @Test
    void aClientThatComesBackGetsWhatItMissedBehindJoinedAndThenWhatIsNew() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        publish(alice, 2, "one").awaitFrames("event", 1);
        String since =
                bob.awaitFrames("event", 1).frames("event").get(0).get("cursor").stringValue();
        bob.session.closed(CloseReason.ABNORMAL);
        publish(publish(alice, 3, "two"), 4, "three").awaitFrames("event", 3);

        Client again = this.fixture.user("bob");
        again.send("{'type':'join','id':1,'room':'project:42','since':'" + since + "'}");
        publish(alice, 5, "four");

        assertThat(again.answer(1).get("recovered").booleanValue()).isTrue();
        assertThat(again.answer(1).get("replay").intValue()).isEqualTo(2);
        assertThat(again.answer(1).get("cursor"))
                .isEqualTo(alice.frames("event").get(2).get("cursor"));
        again.awaitFrames("event", 3);
        assertThat(again.frames("event"))
                .containsExactlyElementsOf(
                        alice.awaitFrames("event", 4).frames("event").subList(1, 4));
        assertThat(again.frames("gap")).isEmpty();
        assertThat(this.fixture.listener.told).contains("resumed RECOVERED 2");
    }

    @Test
    void aCursorOfAnotherTenantsRoomIsNotRecovered() {
        Client alice = this.fixture
                .client(ProtocolFixture.handshake("alice", "acme", null))
                .join(1, "project:42");
        Client eve = this.fixture.client(ProtocolFixture.handshake("eve", "evil", null));
        publish(alice, 2, "secret").awaitFrames("event", 1);

        eve.send("{'type':'join','id':1,'room':'project:42','since':'"
                + alice.answer(1).get("cursor").stringValue() + "'}");

        assertThat(eve.answer(1).get("recovered").booleanValue()).isFalse();
        assertThat(eve.frames("event")).isEmpty();
        assertThat(this.fixture.listener.told).contains("resumed EXPIRED 0");
    }

    @Test
    void whereEventsWithoutHistoryAreBroadcastAResumedClientIsToldThatItMayHaveMissedSome() {
        Client alice = this.fixture.user("alice").join(1, "board:1");
        String since = alice.answer(1).get("cursor").stringValue();
        publish(alice, "board:1", 2, "one").awaitFrames("event", 1);
        Client bob = this.fixture.user("bob");
        bob.send("{'type':'join','id':1,'room':'board:1','since':'" + since + "'}")
                .awaitFrames("event", 1);
        Client eve = this.fixture.user("eve");
        eve.send("{'type':'join','id':1,'room':'board:1','since':'nothing.1'}");

        List<String> types = bob.frames().stream()
                .map(frame -> frame.get("type").stringValue())
                .toList();
        assertThat(types).containsExactly("welcome", "joined", "gap", "event");
        assertThat(bob.frames("gap").get(0).get("reason").stringValue()).isEqualTo("away");
        assertThat(eve.frames("gap")).as("it is told to begin anew").isEmpty();
    }

    /** Whoever sent it: what a handler broadcasts is not all that a room gets. */
    @Test
    void whoMissedAnEventWithoutHistoryIsToldAndWhoHasEverythingBehindItIsNot() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        String before = alice.answer(1).get("cursor").stringValue();
        send(DeliveryClass.STANDARD);
        publish(alice, 2, "one").awaitFrames("event", 2);
        String after = alice.frames("event").get(1).get("cursor").stringValue();
        send(DeliveryClass.EPHEMERAL);

        Client bob = this.fixture.user("bob");
        bob.send("{'type':'join','id':1,'room':'project:42','since':'" + before + "'}")
                .awaitFrames("event", 1);
        bob.session.closed(CloseReason.ABNORMAL);
        Client eve = this.fixture.user("eve");
        eve.send("{'type':'join','id':1,'room':'project:42','since':'" + after + "'}")
                .assertAnswered(1, "joined");
        publish(alice, 3, "two");
        eve.awaitFrames("event", 1);

        assertThat(bob.frames().stream().map(frame -> frame.get("type").stringValue()))
                .startsWith("welcome", "joined", "gap", "event");
        assertThat(bob.frames("gap").get(0).get("reason").stringValue()).isEqualTo("away");
        assertThat(eve.answer(1).get("recovered").booleanValue()).isTrue();
        assertThat(eve.frames("gap")).isEmpty();
    }

    private void send(DeliveryClass delivery) throws Exception {
        this.fixture
                .fanout
                .publish(Event.of(ROOM, "notice", Payload.ofJson("{}"), delivery))
                .receipt()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
    }

    private static Client publish(Client client, int id, String text) {
        return publish(client, "project:42", id, text);
    }

    private static Client publish(Client client, String room, int id, String text) {
        client.send("{'type':'publish','id':" + id + ",'room':'" + room + "','event':'message.send','data':{'text':'"
                + text + "'}}");
        client.assertAnswered(id, "ack");
        return client;
    }

    @Test
    void aCursorThatIsNoStringIsRefused() {
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','id':1,'room':'project:42','since':17}").assertError(1, "bad-request");
        assertThat(alice.isMember(ROOM)).isFalse();
    }

    @Test
    void membersAreTheUsersInTheRoomIncludingTheNewOne() {
        this.fixture.user("bob").join(1, "project:42");
        this.fixture.settlePresence();
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','id':1,'room':'project:42','presence':true}");
        assertThat(alice.answer(1).get("members").toString())
                .isEqualTo("[{\"user\":\"alice\",\"state\":\"online\"},{\"user\":\"bob\",\"state\":\"online\"}]");
        assertThat(alice.answer(1).get("count").intValue()).isEqualTo(2);
    }

    @Test
    void aRepeatedJoinIsAnsweredAgainAndChangesNothing() {
        Client alice = this.fixture.user("alice").join(1, "project:42").join(2, "project:42");
        alice.assertAnswered(1, "joined");
        alice.assertAnswered(2, "joined");
        assertThat(this.fixture.registry.size(ROOM)).isEqualTo(1);
        alice.session.closed(CloseReason.ABNORMAL);
        this.fixture.executor.runAll();
        assertThat(this.fixture.controller.calls)
                .filteredOn(call -> call.startsWith("left"))
                .hasSize(1);
    }

    @Test
    void aJoinWithoutIdIsAnsweredWithoutOne() {
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','room':'project:42'}");
        assertThat(alice.frames("joined")).hasSize(1);
        assertThat(alice.frames("joined").get(0).has("id")).isFalse();
    }

    @Test
    void aRoomWithoutHandlersIsNotFound() {
        Client alice = this.fixture.user("alice").join(1, "elsewhere:1");
        alice.assertError(1, "not-found");
        assertThat(this.fixture.registry.keyCount()).as("her user's key").isEqualTo(1);
    }

    @Test
    void whoMayNotEnterIsRefusedAndNothingIsLeft() {
        this.fixture.controller.access = id -> CompletableFuture.completedFuture(false);
        Client eve = this.fixture.user("eve").join(1, "project:42");
        eve.assertError(1, "forbidden");
        assertThat(eve.answer(1).get("room").stringValue()).isEqualTo("project:42");
        assertThat(eve.isMember(ROOM)).isFalse();
        assertThat(this.fixture.controller.calls).isEmpty();
        assertThat(this.fixture.listener.told).contains("failed forbidden", "join failed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a\\nb",
                "a\\r\\nb",
                "a\\u0000",
                "*",
                "a?",
                "a[1]",
                "../a",
                "a/b",
                "__proto__",
                "acme/room:1",
                "e\\u0301",
                "a\\u202eb",
                "\\ud800",
                "a\\u2028b"
            })
    void badRoomNamesAreRefusedAndRegisteredNowhere(String room) {
        Client alice = this.fixture.anonymous();
        alice.send("{'type':'join','id':1,'room':'" + room + "'}").assertError(1, "bad-request");
        alice.send("{'type':'leave','id':2,'room':'" + room + "'}").assertError(2, "bad-request");
        alice.send("{'type':'publish','id':3,'room':'" + room + "','event':'ask'}")
                .assertError(3, "bad-request");
        alice.send("{'type':'join','id':4,'room':'" + "x".repeat(201) + "'}").assertError(4, "bad-request");
        assertThat(this.fixture.registry.keyCount()).isZero();
        assertThat(alice.answer(1).get("message").stringValue()).doesNotContain("Exception", "java");
        assertThat(alice.answer(1).has("room")).as("nothing is echoed").isFalse();
        assertThat(alice.join(5, "project:42").answer(5).get("type").stringValue())
                .isEqualTo("joined");
    }

    @Test
    void aConnectionJoinsAtMostItsLimitOfRooms() {
        Client alice = this.fixture.user("alice");
        for (int i = 1; i <= 3; i++) {
            alice.join(i, "project:" + i).assertAnswered(i, "joined");
        }
        alice.join(4, "project:4").assertError(4, "limit");
        alice.join(5, "project:3").assertAnswered(5, "joined");
        alice.send("{'type':'leave','id':6,'room':'project:1'}");
        alice.join(7, "project:4").assertAnswered(7, "joined");
    }

    @Test
    void aFullRoomTakesNobodyElse() {
        this.fixture.user("alice").join(1, "project:42");
        this.fixture.user("bob").join(1, "project:42");
        Client carol = this.fixture.user("carol").join(1, "project:42");
        carol.assertError(1, "room-full");
        assertThat(carol.isMember(ROOM)).isFalse();
    }

    @Test
    void roomsOfTenantsAreApartAndTheTenantNeverCrossesTheWire() {
        Client acme = this.fixture
                .client(ProtocolFixture.handshake("alice", "acme", null))
                .join(1, "project:42");
        Client other = this.fixture
                .client(ProtocolFixture.handshake("alice", "other", null))
                .join(1, "project:42");
        assertThat(acme.isMember(ROOM.withTenant("acme"))).isTrue();
        assertThat(other.isMember(ROOM.withTenant("acme"))).isFalse();
        acme.send("{'type':'publish','id':2,'room':'project:42','event':'message.send','data':{'text':'hi'}}");
        acme.awaitFrames("event", 1);
        assertThat(acme.transport.received()).noneMatch(text -> text.contains("acme"));
        assertThat(other.frames("event")).isEmpty();
    }

    @Test
    void aStateHandlerThatFailsTakesTheMembershipBack() {
        this.fixture.controller.joined = id -> CompletableFuture.failedFuture(RoomError.conflict("archived"));
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.assertError(1, "conflict");
        assertThat(alice.isMember(ROOM)).isFalse();
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask'}")
                .assertError(2, "not-joined");
        alice.session.closed(CloseReason.ABNORMAL);
        this.fixture.executor.runAll();
        assertThat(this.fixture.controller.calls).containsExactly("joined 42");
    }

    @Test
    void aRepeatedJoinWhoseStateHandlerFailsKeepsTheMembership() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.controller.joined = id -> CompletableFuture.failedFuture(RoomError.conflict("busy"));
        alice.join(2, "project:42").assertError(2, "conflict");
        assertThat(alice.isMember(ROOM)).isTrue();
        alice.send("{'type':'publish','id':3,'room':'project:42','event':'ask','data':1}")
                .assertAnswered(3, "ack");
    }

    @Test
    void aStateThatCannotBeEncodedIsAnInternalErrorWithAnId() {
        this.fixture.controller.joined = id -> CompletableFuture.completedFuture(new JsonFramesTests.Broken());
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.assertError(1, "internal");
        assertThat(alice.answer(1).get("message").stringValue()).doesNotContain("Broken", "expected by the test");
        assertThat(alice.isMember(ROOM)).isFalse();
    }

    @Test
    void eventsPublishedWhileTheStateIsReadFollowJoined() {
        CompletableFuture<Object> state = new CompletableFuture<>();
        this.fixture.controller.joined = id -> state;
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.template.room("project:42").send("news", "x");
        assertThat(alice.frames("event")).isEmpty();
        state.complete("ready");
        this.fixture.executor.runAll();
        alice.awaitFrames("event", 1);
        List<String> types =
                alice.frames().stream().map(f -> f.get("type").stringValue()).toList();
        assertThat(types).containsExactly("welcome", "joined", "event");
    }

    @Test
    void leavingEndsTheMembershipAndARoomThatIsNotJoinedIsLeftAlready() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'leave','id':2,'room':'project:42'}").assertAnswered(2, "left");
        assertThat(alice.isMember(ROOM)).isFalse();
        alice.send("{'type':'leave','id':3,'room':'project:42'}").assertAnswered(3, "left");
        alice.send("{'type':'leave','id':4,'room':'project:never'}").assertAnswered(4, "left");
        assertThat(alice.answer(2).has("code")).isFalse();
        assertThat(this.fixture.controller.calls).containsExactly("joined 42", "left 42 CLIENT");
    }

    @Test
    void anEvictedUserHearsOfItOnceAndIsNoMember() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        this.fixture.rooms.evict(ROOM, "alice");
        this.fixture.executor.runAll();
        assertThat(alice.frames("left")).hasSize(1);
        assertThat(alice.frames("left").get(0).toString())
                .isEqualTo("{\"type\":\"left\",\"room\":\"project:42\",\"code\":\"evicted\",\"rejoin\":false}");
        assertThat(bob.frames("left")).isEmpty();
        assertThat(this.fixture.controller.calls).contains("left 42 KICKED");
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask'}")
                .assertError(2, "not-joined");
        alice.join(3, "project:42").assertAnswered(3, "joined");
    }

    @Test
    void theEndOfAMembershipIsToldBeforeTheNextOneBegins() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.queue("{'type':'leave','id':2,'room':'project:7'}");
        alice.queue("{'type':'join','id':3,'room':'project:42'}");
        this.fixture.rooms.evict(ROOM, "alice");
        this.fixture.executor.runAll();
        alice.assertAnswered(3, "joined");
        assertThat(this.fixture.controller.calls)
                .as("told later, the application would believe that she is gone")
                .containsExactly("joined 42", "left 42 KICKED", "joined 42");
    }

    @Test
    void anEvictionDuringAJoinRefusesIt() {
        CompletableFuture<Object> state = new CompletableFuture<>();
        this.fixture.controller.joined = id -> state;
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.rooms.evict(ROOM, "alice");
        state.complete("ready");
        this.fixture.executor.runAll();
        alice.assertError(1, "forbidden");
        assertThat(alice.frames("left")).isEmpty();
        assertThat(this.fixture.controller.calls)
                .as("what @RoomJoined began, @RoomLeft ends")
                .containsExactly("joined 42", "left 42 KICKED");
        this.fixture.controller.joined = id -> CompletableFuture.completedFuture(1);
        alice.join(2, "project:42").assertAnswered(2, "joined");
    }

    @Test
    void aConnectionThatClosesDuringTheAccessRuleLeavesNothing() {
        CompletableFuture<Boolean> access = new CompletableFuture<>();
        this.fixture.controller.access = id -> access;
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.session.closed(CloseReason.ABNORMAL);
        access.complete(true);
        this.fixture.executor.runAll();
        assertThat(this.fixture.registry.keyCount()).isZero();
        assertThat(this.fixture.controller.calls).isEmpty();
        assertEmpty();
    }

    @Test
    void aConnectionThatClosesDuringTheStateHandlerLeavesNothingAndIsTold() {
        CompletableFuture<Object> state = new CompletableFuture<>();
        this.fixture.controller.joined = id -> state;
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.session.closed(CloseReason.ABNORMAL);
        assertThat(this.fixture.registry.keyCount()).isZero();
        state.complete("ready");
        this.fixture.executor.runAll();
        assertThat(this.fixture.controller.calls).containsExactly("joined 42", "left 42 CLOSED");
        assertEmpty();
    }

    @Test
    void aConnectionThatClosesWhileItsRoomIsSubscribedLeavesNothing() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture fixture = slow(inForce)) {
            Client alice = fixture.user("alice").join(1, "project:42");
            alice.session.closed(CloseReason.ABNORMAL);
            inForce.complete(null);
            fixture.executor.runAll();
            assertThat(fixture.registry.keyCount()).isZero();
            assertThat(fixture.controller.calls).isEmpty();
            fixture.assertConsistent();
        }
    }

    @Test
    void anEvictionWhileTheRoomIsSubscribedRefusesTheJoin() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture fixture = slow(inForce)) {
            Client alice = fixture.user("alice").join(1, "project:42");
            fixture.rooms.evict(ROOM, "alice");
            inForce.complete(null);
            fixture.executor.runAll();
            alice.assertError(1, "forbidden");
            assertThat(fixture.controller.calls).isEmpty();
            alice.join(2, "project:42").assertAnswered(2, "joined");
            fixture.rooms.evict(ROOM, "alice");
            assertThat(alice.frames("left"))
                    .as("the later membership is told of its own end")
                    .hasSize(1);
        }
    }

    @Test
    void aSubscriptionThatCannotBeHadMakesTheRoomUnavailable() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture fixture = slow(inForce)) {
            Client alice = fixture.user("alice").join(1, "project:42");
            inForce.completeExceptionally(new IllegalStateException("expected by the test"));
            fixture.executor.runAll();
            alice.assertError(1, "unavailable");
            assertThat(alice.answer(1).get("retryable").booleanValue()).isTrue();
            assertThat(alice.isMember(ROOM)).isFalse();
        }
    }

    @Test
    void aJoinThatTakesTooLongIsTakenBackAndTheNextFrameRuns() {
        CompletableFuture<Object> state = new CompletableFuture<>();
        this.fixture.controller.joined = id -> state;
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.queue("{'type':'leave','id':2,'room':'project:7'}");
        this.fixture.advance(Duration.ofSeconds(31));
        alice.assertError(1, "timeout");
        alice.assertAnswered(2, "left");
        assertThat(alice.isMember(ROOM)).isFalse();

        this.fixture.controller.joined = id -> CompletableFuture.completedFuture("second");
        alice.join(3, "project:42").assertAnswered(3, "joined");
        state.complete("late");
        this.fixture.executor.runAll();
        assertThat(alice.answers(1)).hasSize(1);
        assertThat(alice.isMember(ROOM)).isTrue();
        assertThat(this.fixture.controller.calls)
                .as("the late @RoomJoined is ended by its @RoomLeft")
                .containsExactly("joined 42", "joined 42", "left 42 CLOSED");
    }

    @Test
    void aSecondJoinWaitsUntilAnEarlierOneThatWasGivenUpHasComeBack() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture fixture = slow(inForce)) {
            Client alice = fixture.user("alice").join(9, "project:7").join(1, "project:42");
            fixture.advance(Duration.ofSeconds(31));
            alice.assertError(1, "timeout");
            alice.join(2, "project:42").assertError(2, "unavailable");
            inForce.complete(null);
            fixture.executor.runAll();
            assertThat(alice.isMember(ROOM)).isFalse();
            alice.join(3, "project:42").assertAnswered(3, "joined");
            assertThat(alice.isMember(ROOM)).isTrue();
        }
    }

    @Test
    void aConnectionThatClosesTellsEveryRoomInItsOrderAfterWhatRuns() {
        CompletableFuture<Object> answer = new CompletableFuture<>();
        this.fixture.controller.asking = question -> answer;
        Client alice = this.fixture.user("alice").join(1, "project:1").join(2, "project:2");
        alice.send("{'type':'publish','id':3,'room':'project:1','event':'ask','data':'q'}");
        alice.queue("{'type':'publish','id':4,'room':'project:1','event':'ask','data':'never'}");
        alice.session.connection().close(CloseReason.NORMAL);
        this.fixture.executor.runAll();
        assertThat(this.fixture.controller.calls).containsExactly("joined 1", "joined 2", "ask q");
        answer.complete("late");
        this.fixture.executor.runAll();
        assertThat(this.fixture.controller.calls)
                .containsExactly("joined 1", "joined 2", "ask q", "left 1 CLOSED", "left 2 CLOSED");
        assertEmpty();
    }

    @Test
    void theReasonOfALeaveSaysWhatHappened() {
        for (CloseReason reason : List.of(CloseReason.DRAINING, CloseReason.SLOW_CONSUMER, CloseReason.UNAUTHORIZED)) {
            Client client = this.fixture.user("alice").join(1, "project:42");
            client.session.connection().close(reason);
            this.fixture.executor.runAll();
        }
        assertThat(this.fixture.controller.calls)
                .containsExactly(
                        "joined 42", "left 42 DRAIN", "joined 42", "left 42 TIMEOUT", "joined 42", "left 42 CLOSED");
    }

    @Test
    void failuresOfRoomLeftReachNobodyAndStopNothing() {
        this.fixture.controller.left =
                () -> CompletableFuture.failedFuture(new RealtimeException(ErrorCode.CONFLICT, "expected by the test"));
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'leave','id':2,'room':'project:42'}").assertAnswered(2, "left");
        alice.join(3, "project:42").assertAnswered(3, "joined");
        assertThat(alice.frames("error")).isEmpty();
    }

    private void assertEmpty() {
        assertThat(this.fixture.sessions.size()).isZero();
        assertThat(this.fixture.connections.size()).isZero();
    }

    /** One whose first subscription is in force when a test says so. */
    private static ProtocolFixture slow(CompletableFuture<Void> inForce) {
        return new ProtocolFixture(
                settings -> settings, null, local -> new SlowBackplane(local, ProtocolFixture.ROOM, inForce), null);
    }
}
