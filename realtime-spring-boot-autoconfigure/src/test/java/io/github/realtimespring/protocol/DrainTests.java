package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.Drain.State;
import io.github.realtimespring.protocol.Drain.Step;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DrainTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ProtocolFixture fixture = new ProtocolFixture();
    private final List<Step> steps = new CopyOnWriteArrayList<>();
    private final Drain drain = new Drain(
            this.fixture.sessions,
            Duration.ofSeconds(10),
            Duration.ofSeconds(20),
            (step, remaining) -> this.steps.add(step));

    @AfterEach
    void close() {
        this.drain.close();
        this.fixture.close();
    }

    @Test
    void withoutConnectionsItIsOverAtOnce() {
        assertThat(this.drain.start()).isCompleted();
        assertThat(this.steps).containsExactly(Step.REFUSING, Step.DRAINED);
        assertThat(this.drain.state()).isEqualTo(State.DRAINED);
        assertThat(this.fixture.sessions.accepting()).isFalse();
    }

    @Test
    void everyClientIsToldAndClosedWith1012AndNothingIsAccepted() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        CompletableFuture<Void> done = this.drain.start().toCompletableFuture();
        alice.awaitFrames("goaway", 1);
        bob.awaitFrames("goaway", 1);
        assertThat(alice.frames("goaway").get(0).get("reason").stringValue()).isEqualTo("draining");
        assertThat(alice.frames("goaway").get(0).get("reconnectAfter").intValue())
                .isBetween(0, 1000);
        assertThat(this.fixture.sessions.accepting()).isFalse();
        assertThat(this.drain.state()).isEqualTo(State.DRAINING);
        assertThat(this.drain.remaining()).isEqualTo(2);

        this.fixture.ticker.advance(Duration.ofSeconds(10));
        await().atMost(PATIENCE).until(() -> alice.closeCodes().equals(List.of(1012)));
        await().atMost(PATIENCE).until(() -> bob.closeCodes().equals(List.of(1012)));
        await().atMost(PATIENCE).until(() -> {
            this.fixture.executor.runAll();
            this.fixture.sessions.visit();
            return this.fixture.sessions.size() == 0;
        });
        done.get(30, TimeUnit.SECONDS);
        assertThat(this.steps).containsExactly(Step.REFUSING, Step.ANNOUNCED, Step.FLUSHING, Step.DRAINED);
        assertThat(this.fixture.controller.calls).contains("left 42 DRAIN");
    }

    @Test
    void joinsAndPublishesAreRefusedAsDrainingAndEventsStillArrive() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.drain.start();
        alice.awaitFrames("goaway", 1);
        alice.join(2, "project:43").assertError(2, "draining");
        alice.send("{'type':'publish','id':3,'room':'project:42','event':'ask','data':1}")
                .assertError(3, "draining");
        assertThat(alice.answer(3).get("retryable").booleanValue()).isTrue();
        this.fixture.template.room("project:42").send("news", 1);
        alice.awaitFrames("event", 1);
        alice.send("{'type':'leave','id':4,'room':'project:42'}").assertAnswered(4, "left");
    }

    @Test
    void theClosesAreSpread() {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            clients.add(this.fixture.anonymous());
        }
        this.drain.start();
        clients.get(999).awaitFrames("goaway", 1);
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.ANNOUNCED));
        int before = 0;
        for (int second = 1; second <= 10; second++) {
            this.fixture.ticker.advance(Duration.ofSeconds(1));
            int due = second * 100;
            await().atMost(PATIENCE).until(() -> closed(clients) >= due - 1);
            assertThat(closed(clients) - before).isBetween(98, 102);
            before = closed(clients);
        }
        await().atMost(PATIENCE).until(() -> this.drain.state() == State.DRAINED);
    }

    @Test
    void aQueueIsFlushedBeforeItsConnectionCloses() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.transport.block();
        this.fixture.template.room("project:42").send("news", 1);
        await().atMost(PATIENCE).until(() -> alice.session.connection().queue().bytes() > 0);
        CompletableFuture<Void> done = this.drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.ANNOUNCED));
        this.fixture.ticker.advance(Duration.ofSeconds(5));
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.FLUSHING));
        assertThat(alice.closeCodes()).isEmpty();
        assertThat(done).isNotDone();
        alice.transport.unblock();
        assertThat(alice.frames("event")).hasSize(1);
        assertThat(alice.frames("goaway")).hasSize(1);
        assertThat(alice.closeCodes()).containsExactly(1012);
    }

    @Test
    void aPeerThatNeverReadsDoesNotHoldTheDrainBeyondItsTimeout() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.transport.block();
        this.fixture.template.room("project:42").send("news", 1);
        CompletableFuture<Void> done = this.drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.ANNOUNCED));
        this.fixture.ticker.advance(Duration.ofSeconds(20));
        done.get(30, TimeUnit.SECONDS);
        assertThat(this.drain.state()).isEqualTo(State.DRAINED);
        assertThat(this.drain.remaining()).isEqualTo(1);
    }

    @Test
    void aDrainThatIsCalledOffKeepsWhoIsLeftAndAcceptsAgain() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        CompletableFuture<Void> done = this.drain.start().toCompletableFuture();
        alice.awaitFrames("goaway", 1);
        this.drain.stop();
        assertThat(done).isCompleted();
        assertThat(this.drain.state()).isEqualTo(State.RUNNING);
        assertThat(this.fixture.sessions.accepting()).isTrue();
        this.fixture.ticker.advance(Duration.ofSeconds(10));
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}")
                .assertAnswered(2, "ack");
        assertThat(alice.closeCodes()).isEmpty();
        assertThat(this.steps).endsWith(Step.RESUMED);

        this.drain.start();
        alice.awaitFrames("goaway", 2);
        this.fixture.ticker.advance(Duration.ofSeconds(10));
        await().atMost(PATIENCE).until(() -> alice.closeCodes().equals(List.of(1012)));
    }

    @Test
    void aSecondStartJoinsTheFirst() {
        Client alice = this.fixture.user("alice");
        CompletableFuture<Void> first = this.drain.start().toCompletableFuture();
        CompletableFuture<Void> second = this.drain.start().toCompletableFuture();
        alice.awaitFrames("goaway", 1);
        assertThat(this.steps).containsOnlyOnce(Step.REFUSING);
        this.drain.stop();
        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
    }

    private static int closed(List<Client> clients) {
        return (int) clients.stream()
                .filter(client -> !client.closeCodes().isEmpty())
                .count();
    }
}
