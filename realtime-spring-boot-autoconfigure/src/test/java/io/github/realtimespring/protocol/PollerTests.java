package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.connection.Connection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Polls and what is kept of their clients between them, in time that goes by when a test says so. */
class PollerTests {

    private static final Duration WAIT = Duration.ofSeconds(25);
    private static final Duration TICK = Duration.ofMillis(1);

    private final ProtocolFixture fixture = new ProtocolFixture();
    private final Polls polls = new Polls(this.fixture.sessions, WAIT, this.fixture.executor);

    private String address = "192.0.2.1";
    private Map<String, List<String>> headers = Map.of();

    @AfterEach
    void close() {
        this.fixture.assertConsistent();
        this.fixture.close();
    }

    /** One request. */
    private final class Poll {

        private final List<HttpAnswer> answers = new ArrayList<>();
        private Connection connection;

        HttpAnswer answer() {
            assertThat(this.answers).hasSize(1);
            return this.answers.get(0);
        }

        Poll assertWaiting() {
            PollerTests.this.fixture.executor.runAll();
            assertThat(this.answers).isEmpty();
            return this;
        }

        /** Fanout and joins have threads of their own. */
        Poll awaitAnswer() {
            await().pollDelay(Duration.ZERO)
                    .pollInterval(TICK)
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> {
                        PollerTests.this.fixture.executor.runAll();
                        return !this.answers.isEmpty();
                    });
            return this;
        }

        Poll assertStatus(int status) {
            assertThat(answer().status()).as("%s", text(answer())).isEqualTo(status);
            return this;
        }

        String cursor() {
            return answer().status() == 204
                    ? answer().headers().get("Realtime-Cursor")
                    : body().get("cursor").stringValue();
        }

        JsonNode body() {
            return ProtocolFixture.JSON.readTree(answer().body());
        }

        List<JsonNode> frames(String type) {
            List<JsonNode> frames = new ArrayList<>();
            for (JsonNode frame : body().get("frames")) {
                if (frame.get("type").stringValue().equals(type)) {
                    frames.add(frame);
                }
            }
            return frames;
        }

        List<Integer> events() {
            return frames("event").stream()
                    .map(frame -> frame.get("data").intValue())
                    .toList();
        }
    }

    private static String text(HttpAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private Poll poll(String user, String cursor, String wait) {
        String uri = "http://localhost/realtime/poll?room=project:42"
                + (wait == null ? "" : "&wait=" + wait)
                + (cursor == null ? "" : "&cursor=" + URLEncoder.encode(cursor, StandardCharsets.UTF_8));
        Handshake handshake = user == null ? Handshake.anonymous() : ProtocolFixture.handshake(user, null);
        Poll poll = new Poll();
        poll.connection = this.polls.poll(
                handshake,
                new HandshakeRequest(URI.create(uri), this.headers, handshake.principal()),
                this.address,
                null,
                poll.answers::add);
        this.fixture.executor.runAll();
        return poll;
    }

    private Poll poll(String cursor) {
        return poll("alice", cursor, null);
    }

    /** A client that has had its first answer. */
    private Poll joined(String user) {
        Poll first = poll(user, null, null).awaitAnswer().assertStatus(200);
        assertThat(first.frames("welcome")).hasSize(1);
        assertThat(first.frames("joined")).hasSize(1);
        return first;
    }

    private void publish(int n, DeliveryClass delivery) {
        this.fixture
                .fanout
                .publish(Event.of(ProtocolFixture.ROOM, "news", Payload.ofJson(Integer.toString(n)), delivery))
                .receipt()
                .toCompletableFuture()
                .join();
    }

    private static long number(String cursor) {
        return PollCursor.parse(cursor).seen();
    }

    @Test
    void everyAnswerWithFramesHasTheNextNumberAndTheSameConnection() {
        Poll first = joined("alice");
        publish(1, DeliveryClass.RECOVERABLE);
        Poll second = poll(first.cursor()).awaitAnswer();
        publish(2, DeliveryClass.STANDARD);
        Poll third = poll(second.cursor()).awaitAnswer();

        assertThat(List.of(number(first.cursor()), number(second.cursor()), number(third.cursor())))
                .containsExactly(1L, 2L, 3L);
        assertThat(PollCursor.parse(third.cursor()).connection()).isEqualTo(first.connection.id());
        assertThat(second.events()).containsExactly(1);
        assertThat(third.events()).containsExactly(2);
        // The position is that of the events that have one.
        assertThat(PollCursor.parse(second.cursor()).position())
                .isEqualTo(second.frames("event").get(0).get("cursor").stringValue())
                .isEqualTo(PollCursor.parse(third.cursor()).position());
    }

    @Test
    void anIdlePollIsAnsweredWithItsCursorOnceItsWaitIsOver() {
        Poll first = joined("alice");
        Poll idle = poll(first.cursor());
        this.fixture.advance(WAIT.minus(TICK));
        idle.assertWaiting();
        this.fixture.advance(TICK);

        idle.assertStatus(204);
        assertThat(idle.answer().body()).isEmpty();
        assertThat(idle.cursor()).isEqualTo(first.cursor());
        publish(1, DeliveryClass.STANDARD);
        assertThat(poll(idle.cursor()).awaitAnswer().events()).containsExactly(1);
    }

    @Test
    void aPollMayWaitForLessThanTheLongestTimeAndNotForMore() {
        Poll first = joined("alice");
        Poll quick = poll("alice", first.cursor(), "2s");
        this.fixture.advance(Duration.ofSeconds(2));
        quick.assertStatus(204);
        Poll at = poll("alice", first.cursor(), "0");
        this.fixture.advance(TICK);
        at.assertStatus(204);
        Poll greedy = poll("alice", first.cursor(), "3600s");
        this.fixture.advance(WAIT);
        greedy.assertStatus(204);
        poll("alice", first.cursor(), "soon").assertStatus(400);
    }

    @Test
    void whoDoesNotPollForTwiceTheLongestWaitIsGoneAndNobodyElse() {
        Poll alice = joined("alice");
        Poll bob = joined("bob");
        this.fixture.advance(WAIT);
        Poll waiting = poll("bob", bob.cursor(), null);
        this.fixture.advance(WAIT);
        waiting.assertStatus(204);
        assertThat(alice.connection.isOpen()).isTrue();
        assertThat(this.polls.size()).isEqualTo(2);
        this.fixture.advance(TICK);

        assertThat(alice.connection.isOpen()).isFalse();
        assertThat(this.fixture.registry.isMember(ProtocolFixture.ROOM, alice.connection.id()))
                .isFalse();
        assertThat(bob.connection.isOpen()).isTrue();
        assertThat(this.polls.size()).isEqualTo(1);
        assertThat(this.fixture.connections.size()).isEqualTo(1);
        // It goes on from the history, with a connection of its own.
        publish(1, DeliveryClass.RECOVERABLE);
        Poll again = poll(alice.cursor()).awaitAnswer();
        assertThat(again.frames("joined").get(0).get("recovered").booleanValue())
                .isTrue();
        assertThat(again.connection.id()).isNotEqualTo(alice.connection.id());
    }

    @Test
    void aNewerPollTakesOver() {
        Poll first = joined("alice");
        Poll older = poll(first.cursor());
        Poll newer = poll(first.cursor());

        older.assertStatus(409);
        newer.assertWaiting();
        publish(1, DeliveryClass.STANDARD);
        assertThat(newer.awaitAnswer().events()).containsExactly(1);
        assertThat(older.answers).hasSize(1);
    }

    @Test
    void aPollFromBeforeTheLastAnswerButOneIsSuperseded() {
        Poll first = joined("alice");
        publish(1, DeliveryClass.STANDARD);
        Poll second = poll(first.cursor()).awaitAnswer();
        publish(2, DeliveryClass.STANDARD);
        Poll third = poll(second.cursor()).awaitAnswer();

        poll(first.cursor()).assertStatus(409);
        String future = third.cursor().replaceFirst("\\.[0-9]+$", ".9");
        poll(future).assertStatus(409);
        assertThat(poll(second.cursor()).events()).containsExactly(2);
    }

    @Test
    void anAnswerThatWasLostIsGivenAgainUntilTheClientSaysThatItHasIt() {
        Poll first = joined("alice");
        publish(1, DeliveryClass.STANDARD);
        Poll lost = poll(first.cursor()).awaitAnswer();
        publish(2, DeliveryClass.STANDARD);

        for (int i = 0; i < 3; i++) {
            assertThat(text(poll(first.cursor()).answer())).isEqualTo(text(lost.answer()));
        }
        Poll next = poll(lost.cursor()).awaitAnswer();
        assertThat(next.events()).containsExactly(2);
        poll(first.cursor()).assertStatus(409);
    }

    @Test
    void aLostAnswerWithNothingInItIsNoLoss() {
        Poll first = joined("alice");
        Poll lost = poll("alice", first.cursor(), "1s");
        this.fixture.advance(Duration.ofSeconds(1));
        lost.assertStatus(204);
        Poll again = poll(first.cursor()).assertWaiting();
        publish(1, DeliveryClass.STANDARD);

        assertThat(again.awaitAnswer().events()).containsExactly(1);
    }

    @Test
    void whatHappensBetweenTwoPollsIsTheNextAnswerAtOnce() {
        Poll first = joined("alice");
        for (int n = 1; n <= 5; n++) {
            publish(n, n % 2 == 0 ? DeliveryClass.RECOVERABLE : DeliveryClass.STANDARD);
        }
        Poll next = poll(first.cursor());

        assertThat(next.awaitAnswer().events()).containsExactly(1, 2, 3, 4, 5);
        poll(next.cursor()).assertWaiting();
    }

    @Test
    void moreThanOneAnswerHoldsIsForTheNextPoll() {
        Poll poll = joined("alice");
        String padding = "x".repeat(30 << 10);
        for (int n = 1; n <= 5; n++) {
            this.fixture
                    .fanout
                    .publish(Event.of(
                            ProtocolFixture.ROOM, "large", Payload.ofJson('"' + padding + '"'), DeliveryClass.STANDARD))
                    .receipt()
                    .toCompletableFuture()
                    .join();
        }
        List<Integer> sizes = new ArrayList<>();
        for (int events = 0; events < 5; events += sizes.get(sizes.size() - 1)) {
            poll = poll(poll.cursor()).awaitAnswer();
            sizes.add(poll.frames("event").size());
        }

        assertThat(sizes).containsExactly(2, 2, 1);
    }

    @Test
    void aClientThatMustNotComeBackIsToldSoAndOnceMoreIfItDoes() {
        Poll between = joined("alice");
        between.connection.close(CloseReason.SUPERSEDED);
        assertToldTwice(poll(between.cursor()), 4409);

        Poll waiting = poll(joined("alice").cursor());
        waiting.connection.close(CloseReason.FORBIDDEN);
        assertToldTwice(waiting, 4403);
    }

    private void assertToldTwice(Poll told, int code) {
        Poll again = poll(told.awaitAnswer().cursor());
        for (Poll poll : List.of(told, again)) {
            assertThat(poll.frames("goaway")).hasSize(1);
            assertThat(poll.frames("goaway").get(0).get("code").intValue()).isEqualTo(code);
        }
        assertThat(again.connection).isSameAs(told.connection);
        assertThat(this.fixture.connections.size()).isZero();
        this.fixture.advance(WAIT.multipliedBy(2).plus(TICK));
        assertThat(this.polls.size()).isZero();
    }

    /** A join that is given up with its connection is never done: nobody may wait for it. */
    @Test
    void aPollWhoseConnectionEndsWhileItJoinsIsAnsweredSoon() {
        CompletableFuture<Boolean> never = new CompletableFuture<>();
        this.fixture.controller.access = id -> never;
        Poll joining = poll(null).assertWaiting();
        joining.connection.close(CloseReason.UNAUTHORIZED);
        this.fixture.advance(Duration.ofMillis(250));
        this.fixture.advance(Duration.ofMillis(250));

        assertThat(joining.assertStatus(200).frames("joined")).isEmpty();
        assertThat(poll(joining.cursor()).frames("goaway").get(0).get("code").intValue())
                .isEqualTo(4401);
    }

    @Test
    void aClientThatMayComeBackIsToldWhenToAndBeginsAnew() {
        Poll waiting = poll(joined("alice").cursor());
        waiting.connection.close(CloseReason.DRAINING);
        assertThat(waiting.awaitAnswer().frames("goaway").get(0).get("code").intValue())
                .isEqualTo(1012);
        assertThat(this.polls.size()).isZero();

        Poll again = poll(waiting.cursor()).awaitAnswer();
        assertThat(again.frames("joined").get(0).get("recovered").booleanValue())
                .isTrue();
        assertThat(again.connection.id()).isNotEqualTo(waiting.connection.id());
    }

    @Test
    void aCursorLeadsNobodyElseToAConnection() {
        Poll alice = joined("alice");
        publish(1, DeliveryClass.STANDARD);
        Poll bob = poll("bob", alice.cursor(), null).awaitAnswer();

        assertThat(bob.connection.id()).isNotEqualTo(alice.connection.id());
        assertThat(bob.events()).isEmpty();
        assertThat(poll(alice.cursor()).awaitAnswer().events()).containsExactly(1);
    }

    @Test
    void tooManyPollsOfAClientAreRefusedAndTheNextOneIsServed() {
        Poll alice = joined("alice");
        Poll bob = joined("bob");
        Poll last = alice;
        for (int i = 0; i <= 100; i++) {
            last = poll(alice.cursor());
        }
        last.assertStatus(429);
        assertThat(last.answer().headers()).containsKey("Retry-After");
        poll("bob", bob.cursor(), null).assertWaiting();
        this.fixture.advance(Duration.ofSeconds(1));

        poll(alice.cursor()).assertWaiting();
    }

    /** A connection costs whoever opens it one request, and is there until nobody has polled for a while. */
    @Test
    void whoOpensOneConnectionAfterTheOtherIsLimitedAndNobodyElse() {
        Poll known = joined(null);
        List<String> hers =
                List.of(known.frames("welcome").get(0).get("session").stringValue());
        for (int i = 1; i < 100; i++) {
            poll(null, i % 2 == 0 ? null : "-", null);
        }
        int open = this.fixture.connections.size();
        for (String cursor : new String[] {null, "-", "-~c1.1"}) {
            Poll refused = poll(null, cursor, null).assertStatus(429);
            assertThat(refused.answer().headers()).containsKey("Retry-After");
        }
        assertThat(this.fixture.connections.size()).isEqualTo(open);

        poll(null, known.cursor(), null).assertWaiting();
        joined("alice");
        this.headers = Map.of("X-Realtime-Session", hers);
        joined(null);
        this.headers = Map.of();
        this.address = "192.0.2.2";
        joined(null);
        this.address = "192.0.2.1";
        this.fixture.advance(Duration.ofSeconds(1));
        joined(null);
    }
}
