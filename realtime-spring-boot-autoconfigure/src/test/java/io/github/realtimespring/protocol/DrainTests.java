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
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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

    /**
     * The server closes its sockets behind the drain. A client that was sending when it was closed has something there that
     * nobody reads, its socket is reset, and it sees 1006: seen in a rolling restart of three processes, one of 405 clients.
     */
    @Test
    void theLastCloseHasTimeToArrive() throws Exception {
        this.fixture.user("alice").join(1, "project:42");
        CompletableFuture<Void> done = this.drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.ANNOUNCED));
        this.fixture.ticker.advance(Duration.ofSeconds(10));
        await().pollInterval(Duration.ofMillis(1)).atMost(PATIENCE).until(() -> {
            this.fixture.executor.runAll();
            this.fixture.sessions.visit();
            return this.fixture.sessions.size() == 0;
        });
        long ended = System.nanoTime();

        done.get(30, TimeUnit.SECONDS);

        assertThat(Duration.ofNanos(System.nanoTime() - ended)).isGreaterThan(Duration.ofMillis(400));
    }

    /** What it did, and what had become of a client by then. */
    private static final class Recorded implements DrainAction {

        private final Step after;
        private final List<String> did;
        private final Supplier<String> state;
        private final CompletableFuture<Void> done = new CompletableFuture<>();

        Recorded(Step after, List<String> did, Supplier<String> state) {
            this.after = after;
            this.did = did;
            this.state = state;
        }

        @Override
        public String name() {
            return "recorded";
        }

        @Override
        public Step after() {
            return this.after;
        }

        @Override
        public CompletionStage<?> run() {
            this.did.add(this.after + " " + this.state.get());
            return this.done;
        }

        @Override
        public void undo() {
            this.did.add(this.after + " undone");
        }
    }

    @Test
    void actionsAreDoneBeforeTheFirstClientIsToldAndBehindTheLast() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        List<String> did = new CopyOnWriteArrayList<>();
        Supplier<String> state = () ->
                alice.frames("goaway").size() + " told, " + alice.closeCodes().size() + " closed";
        Recorded first = new Recorded(Step.REFUSING, did, state);
        Recorded last = new Recorded(Step.FLUSHING, did, state);
        Drain drain = new Drain(
                this.fixture.sessions,
                List.of(last, first),
                Duration.ZERO,
                Duration.ofSeconds(20),
                (step, remaining) -> this.steps.add(step));
        CompletableFuture<Void> done = drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> !did.isEmpty());
        assertThat(drain.progress().step()).isEqualTo(Step.REFUSING);
        assertThat(alice.frames("goaway")).isEmpty();

        first.done.complete(null);
        alice.awaitFrames("goaway", 1);
        await().atMost(PATIENCE).until(() -> alice.closeCodes().equals(List.of(1012)));
        await().atMost(PATIENCE).until(() -> {
            this.fixture.executor.runAll();
            this.fixture.sessions.visit();
            return did.size() == 2;
        });
        assertThat(did).containsExactly("REFUSING 0 told, 0 closed", "FLUSHING 1 told, 1 closed");
        assertThat(done).isNotDone();
        last.done.completeExceptionally(new IllegalStateException("what fails holds nothing up"));
        done.get(30, TimeUnit.SECONDS);
        assertThat(drain.progress().step()).isEqualTo(Step.DRAINED);
        assertThat(drain.progress().time()).isNotNull();

        drain.stop();
        assertThat(did).contains("REFUSING undone", "FLUSHING undone");
        assertThat(drain.progress().time()).isNull();
    }

    @Test
    void anIdleNodeDoesItsActionsToo() throws Exception {
        List<String> did = new CopyOnWriteArrayList<>();
        Recorded first = new Recorded(Step.REFUSING, did, () -> "idle");
        Recorded last = new Recorded(Step.FLUSHING, did, () -> "idle");
        first.done.complete(null);
        Drain drain = new Drain(
                this.fixture.sessions,
                List.of(first, last),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                (step, remaining) -> this.steps.add(step));

        CompletableFuture<Void> done = drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> did.size() == 2);
        assertThat(done).isNotDone();
        last.done.complete(null);

        done.get(30, TimeUnit.SECONDS);
        assertThat(did).containsExactly("REFUSING idle", "FLUSHING idle");
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
    void aListenerThatThrowsKeepsNobodyFromGoing() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Drain drain = new Drain(this.fixture.sessions, Duration.ZERO, Duration.ofSeconds(20), (step, remaining) -> {
            this.steps.add(step);
            throw new IllegalStateException("a listener of the application");
        });
        CompletableFuture<Void> done = drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> alice.closeCodes().equals(List.of(1012)));
        await().atMost(PATIENCE).until(() -> {
            this.fixture.executor.runAll();
            this.fixture.sessions.visit();
            return done.isDone();
        });
        assertThat(this.steps).containsExactly(Step.REFUSING, Step.ANNOUNCED, Step.FLUSHING, Step.DRAINED);

        drain.stop();
        drain.detached();
        assertThat(this.steps).endsWith(Step.RESUMED, Step.DETACHED);
    }

    @Test
    void whatIsDoneBehindTheLastClientIsBegunWhenTheTimeIsOver() throws Exception {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.transport.block();
        this.fixture.template.room("project:42").send("news", 1);
        List<String> did = new CopyOnWriteArrayList<>();
        Drain drain = new Drain(
                this.fixture.sessions,
                List.of(new Recorded(Step.FLUSHING, did, () -> drainedOf(alice))),
                Duration.ofSeconds(10),
                Duration.ofSeconds(20),
                (step, remaining) -> this.steps.add(step));
        CompletableFuture<Void> done = drain.start().toCompletableFuture();
        await().atMost(PATIENCE).until(() -> this.steps.contains(Step.ANNOUNCED));
        this.fixture.ticker.advance(Duration.ofSeconds(20));

        done.get(30, TimeUnit.SECONDS);

        assertThat(did).containsExactly("FLUSHING open: false");
    }

    private static String drainedOf(Client client) {
        return "open: " + client.session.isOpen();
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
