package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import io.github.realtimespring.protocol.TestRooms.Message;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class PublishesTests {

    private final ProtocolFixture fixture = new ProtocolFixture();

    @AfterEach
    void close() {
        this.fixture.assertConsistent();
        this.fixture.close();
    }

    @Test
    void aBroadcastReachesEveryMemberAndTheAckHasItsIdAndCursor() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        alice.send(message(2, null, "hi"));
        JsonNode ack = alice.answer(2);
        assertThat(ack.get("type").stringValue()).isEqualTo("ack");
        assertThat(ack.has("data")).isFalse();
        for (Client member : List.of(alice, bob)) {
            JsonNode event = member.awaitFrames("event", 1).frames("event").get(0);
            assertThat(event.get("event").stringValue()).isEqualTo("message.created");
            assertThat(event.get("room").stringValue()).isEqualTo("project:42");
            assertThat(event.get("id")).isEqualTo(ack.get("event"));
            assertThat(event.get("cursor")).isEqualTo(ack.get("cursor"));
            assertThat(event.get("data").toString()).isEqualTo("{\"text\":\"hi\"}");
        }
    }

    @Test
    void aReplyGoesToTheCallerOnly() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        this.fixture.controller.asking = question -> CompletableFuture.completedFuture(List.of("answer"));
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':{'a':1}}");
        assertThat(alice.answer(2).toString()).isEqualTo("{\"type\":\"ack\",\"id\":2,\"data\":[\"answer\"]}");
        assertThat(bob.frames()).hasSize(2);
    }

    @Test
    void withoutAnIdThereIsNoAck() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'publish','room':'project:42','event':'ask','data':1}");
        assertThat(this.fixture.controller.calls).contains("ask 1");
        assertThat(alice.frames("ack")).isEmpty();
    }

    @Test
    void whoIsNoMemberPublishesNothing() {
        this.fixture.user("bob").join(1, "project:42");
        Client alice = this.fixture.user("alice");
        alice.send(message(2, "k1", "hi")).assertError(2, "not-joined");
        assertThat(this.fixture.controller.calls).containsExactly("joined 42");
    }

    @Test
    void anEventThatNobodyHandlesIsNotFound() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'nonsense'}")
                .assertError(2, "not-found");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\\nb", "\\u0000", "<script>"})
    void badEventNamesAreRefused(String event) {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'" + event + "'}")
                .assertError(2, "bad-request");
    }

    @Test
    void aPayloadThatDoesNotFitIsInvalidAndTheConnectionGoesOn() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'message.send','data':[1]}")
                .assertError(2, "invalid-payload");
        assertThat(alice.answer(2).get("message").stringValue()).doesNotContain("java", "Exception", "TestRooms");
        alice.send(message(3, null, "hi")).assertAnswered(3, "ack");
    }

    @Test
    void anErrorOfTheApplicationIsAnsweredAsItIs() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.controller.asking = question ->
                CompletableFuture.failedFuture(RoomError.conflict("archived").retryAfter(Duration.ofSeconds(3)));
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}");
        assertThat(alice.answer(2).toString())
                .isEqualTo("{\"type\":\"error\",\"id\":2,\"room\":\"project:42\",\"code\":\"conflict\","
                        + "\"message\":\"archived\",\"retryable\":true,\"retryAfter\":3000}");
    }

    @Test
    void anUnexpectedFailureHidesItsMessage() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.controller.asking =
                question -> CompletableFuture.failedFuture(new IllegalStateException("expected by the test, password"));
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}")
                .assertError(2, "internal");
        assertThat(alice.answer(2).get("message").stringValue()).doesNotContain("password", "IllegalState");
    }

    @Test
    void framesOfOneConnectionAreHandledInOrderAndThoseOfAnotherInParallel() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        CompletableFuture<Object> first = new CompletableFuture<>();
        this.fixture.controller.asking =
                question -> question.equals("first") ? first : CompletableFuture.completedFuture(question);
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':'first'}");
        alice.send("{'type':'publish','id':3,'room':'project:42','event':'ask','data':'second'}");
        bob.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':'other'}");
        bob.assertAnswered(2, "ack");
        assertThat(alice.answers(3)).isEmpty();
        first.complete("done");
        this.fixture.executor.runAll();
        List<Long> order = alice.frames("ack").stream()
                .map(frame -> frame.get("id").longValue())
                .toList();
        assertThat(order).containsExactly(2L, 3L);
    }

    @Test
    void aHandlerThatTakesTooLongIsAnsweredOnceAndTheNextFrameRuns() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        CompletableFuture<Object> slow = new CompletableFuture<>();
        this.fixture.controller.asking =
                question -> question.equals("slow") ? slow : CompletableFuture.completedFuture(question);
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':'slow'}");
        alice.send("{'type':'publish','id':3,'room':'project:42','event':'ask','data':'next'}");
        this.fixture.advance(Duration.ofSeconds(31));
        alice.assertError(2, "timeout");
        assertThat(alice.answer(2).get("retryable").booleanValue()).isTrue();
        alice.assertAnswered(3, "ack");
        slow.complete("late");
        this.fixture.executor.runAll();
        assertThat(alice.answers(2)).hasSize(1);
        assertThat(this.fixture.listener.told).contains("timed out");
        bob.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}")
                .assertAnswered(2, "ack");
    }

    @Test
    void aRepeatedKeyReturnsTheFirstAckAndPublishesNothing() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send(message(2, "k1", "hi")).send(message(3, "k1", "hi"));
        assertThat(alice.answer(3).get("event")).isEqualTo(alice.answer(2).get("event"));
        assertThat(alice.answer(3).get("cursor")).isEqualTo(alice.answer(2).get("cursor"));
        assertThat(sends()).isEqualTo(1);
        alice.send(message(4, "k2", "hi"));
        alice.awaitFrames("event", 2);
    }

    @Test
    void aRepeatedKeyFromANewConnectionOfTheSameUserReturnsTheFirstAck() {
        Client alice = this.fixture.user("alice").join(1, "project:42").send(message(2, "k1", "hi"));
        Client again = this.fixture.user("alice").join(1, "project:42").send(message(9, "k1", "hi"));
        assertThat(again.answer(9).get("event")).isEqualTo(alice.answer(2).get("event"));
        assertThat(sends()).isEqualTo(1);
    }

    @Test
    void keysOfTwoUsersAreApart() {
        this.fixture.user("alice").join(1, "project:42").send(message(2, "k1", "hi"));
        this.fixture.user("bob").join(1, "project:42").send(message(2, "k1", "hi"));
        assertThat(sends()).isEqualTo(2);
    }

    @Test
    void anAnonymousClientIsKnownByItsSession() {
        Client first = this.fixture.anonymous().join(1, "project:42").send(message(2, "k1", "hi"));
        String session = first.frames("welcome").get(0).get("session").stringValue();
        first.session.closed(CloseReason.ABNORMAL);
        Client again = this.fixture.anonymous();
        again.send("{'type':'hello','session':'" + session + "'}")
                .join(1, "project:42")
                .send(message(2, "k1", "hi"));
        assertThat(sends()).isEqualTo(1);
        String second = again.frames("welcome").get(0).get("session").stringValue();
        assertThat(second).isNotEqualTo(session);
        again.session.closed(CloseReason.ABNORMAL);

        Client third = this.fixture.anonymous();
        third.send("{'type':'hello','session':'" + second + "'}")
                .join(1, "project:42")
                .send(message(2, "k1", "hi"));
        assertThat(sends())
                .as("the name of any of its connections stands for the client")
                .isEqualTo(1);

        Client stranger = this.fixture.anonymous().join(1, "project:42").send(message(2, "k1", "hi"));
        assertThat(sends()).isEqualTo(2);
        stranger.assertAnswered(2, "ack");
    }

    @Test
    void aSessionOfAnotherUserIsWorthNothing() {
        Client bob = this.fixture.anonymous().join(1, "project:42").send(message(2, "k1", "hi"));
        String session = bob.frames("welcome").get(0).get("session").stringValue();
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'hello','session':'" + session + "'}")
                .join(1, "project:42")
                .send(message(2, "k1", "hi"));
        assertThat(sends()).isEqualTo(2);
        assertThat(alice.frames("error")).isEmpty();
    }

    @Test
    void aSessionIsForgottenAfterTheWindowButNotWhileItsConnectionLives() {
        Client first = this.fixture.anonymous().join(1, "project:42");
        String session = first.frames("welcome").get(0).get("session").stringValue();
        for (int i = 0; i < 20; i++) {
            first.send("{'type':'pong'}");
            this.fixture.advance(Duration.ofSeconds(20));
        }
        assertThat(this.fixture
                        .sessions
                        .names()
                        .find(session, first.session.connection().identity()))
                .isNotNull();
        first.session.closed(CloseReason.ABNORMAL);
        this.fixture.advance(Duration.ofSeconds(119));
        assertThat(this.fixture
                        .sessions
                        .names()
                        .find(session, first.session.connection().identity()))
                .isNotNull();
        this.fixture.advance(Duration.ofSeconds(2));
        assertThat(this.fixture
                        .sessions
                        .names()
                        .find(session, first.session.connection().identity()))
                .isNull();
    }

    @Test
    void aConcurrentRepeatAwaitsTheFirstAck() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client again = this.fixture.user("alice").join(1, "project:42");
        CompletableFuture<Message> saving = new CompletableFuture<>();
        this.fixture.controller.sending = message -> saving;
        alice.send(message(2, "k1", "hi"));
        again.send(message(7, "k1", "hi"));
        assertThat(again.answers(7)).isEmpty();
        saving.complete(new Message("hi"));
        this.fixture.executor.runAll();
        assertThat(again.answer(7).get("event")).isEqualTo(alice.answer(2).get("event"));
        assertThat(sends()).isEqualTo(1);
        alice.awaitFrames("event", 1);
        again.awaitFrames("event", 1);
    }

    @Test
    void aRepeatAfterAHandlerThatWasLateAwaitsWhatItStillBrings() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        CompletableFuture<Message> saving = new CompletableFuture<>();
        this.fixture.controller.sending = message -> saving;
        alice.send(message(2, "k1", "hi"));
        this.fixture.advance(Duration.ofSeconds(31));
        alice.assertError(2, "timeout");
        alice.send(message(3, "k1", "hi"));
        assertThat(alice.answers(3)).isEmpty();
        saving.complete(new Message("hi"));
        this.fixture.executor.runAll();
        alice.assertAnswered(3, "ack");
        assertThat(sends()).isEqualTo(1);
        alice.awaitFrames("event", 1);
    }

    @Test
    void aFailureIsForgottenSoThatARetryWithTheSameKeyRuns() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.controller.sending = message -> CompletableFuture.failedFuture(RoomError.conflict("busy"));
        alice.send(message(2, "k1", "hi")).assertError(2, "conflict");
        this.fixture.controller.sending = CompletableFuture::completedFuture;
        alice.send(message(3, "k1", "hi")).assertAnswered(3, "ack");
        assertThat(sends()).isEqualTo(2);
        alice.awaitFrames("event", 1);
    }

    private long sends() {
        return this.fixture.controller.calls.stream()
                .filter(call -> call.startsWith("send"))
                .count();
    }

    private static String message(int id, String key, String text) {
        return "{'type':'publish','id':" + id + ",'room':'project:42','event':'message.send',"
                + (key == null ? "" : "'key':'" + key + "',") + "'data':{'text':'" + text + "'}}";
    }
}
