package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The distance that the answers of one client keep, in time that goes by when a test says so. */
class PollTurnsTests {

    private static final DeliveryClass STANDARD = DeliveryClass.of(Delivery.STANDARD);

    private final ProtocolFixture fixture = new ProtocolFixture();
    private final List<Timed> timers = new CopyOnWriteArrayList<>();
    private final PollTurns turns = new PollTurns(
            this.fixture.executor,
            this.fixture.ticker,
            (delay, task) -> this.timers.add(new Timed(this.fixture.ticker.nanos() + delay.toNanos(), task)));
    private final Polls polls =
            new Polls(this.fixture.sessions, Duration.ofSeconds(25), Duration.ofMillis(100), this.turns);

    private record Timed(long at, Runnable task) {}

    @AfterEach
    void close() {
        this.fixture.assertConsistent();
        this.fixture.close();
    }

    private void advance(long millis) {
        this.fixture.ticker.advance(Duration.ofMillis(millis));
        for (Timed timer : this.timers) {
            if (timer.at() <= this.fixture.ticker.nanos() && this.timers.remove(timer)) {
                timer.task().run();
            }
        }
        this.fixture.executor.runAll();
    }

    /** A client that polls, and what it got. */
    private final class Client {

        private final List<HttpAnswer> answers = new CopyOnWriteArrayList<>();
        private final List<Integer> events = new ArrayList<>();
        private String cursor;

        Client join() {
            return poll("25s").awaitAnswer();
        }

        Client poll(String wait) {
            String uri = "http://localhost/realtime/poll?room=project:42&wait=" + wait
                    + (this.cursor == null ? "" : "&cursor=" + URLEncoder.encode(this.cursor, StandardCharsets.UTF_8));
            HandshakeRequest request = new HandshakeRequest(URI.create(uri), Map.of(), null);
            PollTurnsTests.this.polls.poll(Handshake.anonymous(), request, null, null, this.answers::add);
            PollTurnsTests.this.fixture.executor.runAll();
            return this;
        }

        Client awaitAnswer() {
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> {
                        PollTurnsTests.this.fixture.executor.runAll();
                        return !this.answers.isEmpty();
                    });
            return read();
        }

        /** Takes the answer that is there. */
        Client read() {
            assertThat(this.answers).hasSize(1);
            HttpAnswer answer = this.answers.remove(0);
            assertThat(answer.status()).isEqualTo(200);
            JsonNode body = ProtocolFixture.JSON.readTree(answer.body());
            this.cursor = body.get("cursor").stringValue();
            this.events.clear();
            for (JsonNode frame : body.get("frames")) {
                if (frame.get("type").stringValue().equals("event")) {
                    this.events.add(frame.get("data").get(0).intValue());
                }
            }
            return this;
        }

        Client assertWaiting() {
            PollTurnsTests.this.fixture.executor.runAll();
            assertThat(this.answers).isEmpty();
            return this;
        }
    }

    private void publish(int n) {
        publish(n, "");
    }

    private void publish(int n, String text) {
        this.fixture
                .fanout
                .publish(Event.of(
                        ProtocolFixture.ROOM, "news", Payload.ofJson("[" + n + ",\"" + text + "\"]"), STANDARD))
                .receipt()
                .toCompletableFuture()
                .join();
    }

    @Test
    void whatHappensSoonAfterAnAnswerIsToldTogether() {
        Client client = new Client().join().poll("25s");
        publish(1);
        advance(60);
        publish(2);
        client.assertWaiting();
        advance(39);
        client.assertWaiting();
        advance(3);
        assertThat(client.read().events).containsExactly(1, 2);

        client.poll("25s");
        publish(3);
        client.assertWaiting();
        advance(100);
        assertThat(client.read().events).containsExactly(3);
    }

    @Test
    void anEventAfterAPauseIsToldAtOnce() {
        Client client = new Client().join().poll("25s");
        advance(200);
        publish(1);
        assertThat(client.awaitAnswer().events).containsExactly(1);

        advance(100);
        publish(2);
        assertThat(client.poll("25s").read().events).containsExactly(2);
    }

    @Test
    void aPollThatWaitsLessIsAnsweredAtItsOwnEnd() {
        Client client = new Client().join();
        publish(1);
        client.poll("30ms").assertWaiting();
        advance(30);
        assertThat(client.read().events).containsExactly(1);

        publish(2);
        assertThat(client.poll("0").read().events).containsExactly(2);
    }

    /** The turn that the first poll was held for comes in 100 ms, and would be too late for the second. */
    @Test
    void aPollThatTakesOverAndWaitsLessIsAnsweredAtItsOwnEnd() {
        Client client = new Client().join();
        publish(1);
        client.poll("25s").assertWaiting();
        client.poll("30ms");
        assertThat(client.answers.remove(0).status()).isEqualTo(409);
        advance(30);
        assertThat(client.read().events).containsExactly(1);
        assertThat(this.turns.held()).isEqualTo(1);
        advance(100);
        assertThat(this.turns.held()).isZero();
    }

    @Test
    void aFullAnswerIsFollowedByTheRestAtOnce() {
        Client client = new Client().join();
        for (int i = 1; i <= 6; i++) {
            publish(i, "x".repeat(20_000));
        }
        client.poll("25s");
        advance(100);
        assertThat(client.read().events).containsExactly(1, 2, 3);
        assertThat(client.poll("25s").read().events).containsExactly(4, 5, 6);
    }

    @Test
    void whatWasHeldIsToldBeforeTheEndOfTheConnection() {
        Client client = new Client().join();
        publish(1);
        client.poll("25s").assertWaiting();
        this.fixture.connections.forEach(connection -> connection.close(CloseReason.SUPERSEDED));
        this.fixture.executor.runAll();
        advance(100);
        assertThat(client.read().events).containsExactly(1);
        client.poll("25s");
        assertThat(new String(client.answers.remove(0).body(), StandardCharsets.UTF_8))
                .contains("\"goaway\"", "4409");
    }

    @Test
    void oneTimerServesAllWhoAreHeld() {
        // As many as one address may open at once, and more than one batch
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            clients.add(new Client().join());
        }
        clients.forEach(client -> client.poll("25s"));
        assertThat(this.turns.held()).isEqualTo(100);
        assertThat(this.polls.pending()).isEqualTo(100);
        assertThat(this.timers).hasSize(1);
        publish(1);
        clients.forEach(Client::assertWaiting);
        advance(100);
        clients.forEach(client -> assertThat(client.read().events).containsExactly(1));
        assertThat(this.turns.held()).isZero();
        assertThat(this.polls.pending()).isZero();
        assertThat(this.timers).isEmpty();
    }

    @Test
    void whoIsWokenWhileThereIsNoThreadHasItsTurnWithTheNext() {
        Client first = new Client().join();
        Client second = new Client().join();
        advance(100);
        first.poll("25s");
        this.fixture.executor.refuse(true);
        publish(1);
        first.assertWaiting();
        this.fixture.executor.refuse(false);
        second.poll("25s").awaitAnswer();
        first.assertWaiting();
        advance(100);
        second.poll("25s");
        publish(2);
        second.awaitAnswer();
        assertThat(second.events).containsExactly(2);
        first.awaitAnswer();
        assertThat(first.events).containsExactly(1, 2);
    }
}
