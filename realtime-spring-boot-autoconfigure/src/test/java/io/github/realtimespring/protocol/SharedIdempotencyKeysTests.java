package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.IdempotencyStore.Scope;
import io.github.realtimespring.history.MemoryIdempotencyStore;
import io.github.realtimespring.protocol.IdempotencyKeys.Ack;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/** Two nodes that share a store, which can be away, and whose answers can come late. */
class SharedIdempotencyKeysTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final Scope SCOPE = new Scope("user:alice", ROOM, "message.send", "k1");
    private static final Ack ACK = new Ack(Payload.ofJson("{\"a\":1}"), "e1", new Cursor("abcd", 7));

    private final TestTicker ticker = new TestTicker();
    private final MemoryIdempotencyStore memory =
            new MemoryIdempotencyStore(Duration.ofMinutes(2), IdempotencyKeys.LEASE, 1 << 20, 100, this.ticker);
    private final Store store = new Store();
    private final List<KeyedPublish> told = new ArrayList<>();
    private final List<Runnable> tasks = new ArrayList<>();
    private boolean refuses;
    private final IdempotencyKeys one = node();
    private final IdempotencyKeys two = node();
    private final List<String> published = new ArrayList<>();

    private IdempotencyKeys node() {
        return new IdempotencyKeys(
                Duration.ofMinutes(2), Duration.ofSeconds(30), this.store, this::execute, this.ticker, this.told::add);
    }

    private void execute(Runnable task) {
        if (this.refuses) {
            throw new RejectedExecutionException();
        }
        this.tasks.add(task);
    }

    /** The store as a node sees it. */
    private final class Store implements IdempotencyStore {

        private boolean away;
        private CompletableFuture<Void> slow = CompletableFuture.completedFuture(null);

        private <T> CompletionStage<T> use(java.util.function.Supplier<CompletionStage<T>> call) {
            return this.away
                    ? CompletableFuture.failedFuture(new NotSentException("away"))
                    : this.slow.thenCompose(done -> call.get());
        }

        @Override
        public CompletionStage<Claim> claim(Scope scope, String holder, String eventId) {
            return use(() -> SharedIdempotencyKeysTests.this.memory.claim(scope, holder, eventId));
        }

        @Override
        public CompletionStage<Void> answer(Scope scope, String eventId, byte[] answer) {
            return use(() -> SharedIdempotencyKeysTests.this.memory.answer(scope, eventId, answer));
        }

        @Override
        public CompletionStage<Void> release(Scope scope, String holder, String eventId) {
            return use(() -> SharedIdempotencyKeysTests.this.memory.release(scope, holder, eventId));
        }
    }

    private CompletableFuture<Ack> publish(IdempotencyKeys node, CompletionStage<Ack> outcome) {
        return node.once(SCOPE, 0, eventId -> {
                    this.published.add(eventId);
                    return outcome;
                })
                .toCompletableFuture();
    }

    private static CompletionStage<Ack> done(Ack ack) {
        return CompletableFuture.completedFuture(ack);
    }

    private void pass(Duration time) {
        this.ticker.advance(time);
        this.one.tick(this.ticker.nanos());
        this.two.tick(this.ticker.nanos());
        runAll();
    }

    private void runAll() {
        while (!this.tasks.isEmpty()) {
            this.tasks.remove(0).run();
        }
    }

    private static void assertAck(CompletableFuture<Ack> ack) {
        assertThat(ack).isCompleted();
        assertThat(ack.join().bytes()).isEqualTo(ACK.bytes());
    }

    @Test
    void aRepeatOnTheOtherNodeGetsTheFirstAcknowledgement() {
        publish(this.one, done(ACK));

        assertAck(publish(this.two, done(Ack.EMPTY)));
        assertThat(this.published).hasSize(1);
        assertThat(this.told).containsExactly(KeyedPublish.FIRST, KeyedPublish.REPEATED);
    }

    @Test
    void aRepeatOnTheOtherNodeDuringTheFirstAwaitsItsAcknowledgement() {
        CompletableFuture<Ack> first = new CompletableFuture<>();
        CompletableFuture<Ack> original = publish(this.one, first);
        CompletableFuture<Ack> repeat = publish(this.two, done(Ack.EMPTY));
        CompletableFuture<Ack> another = publish(this.two, done(Ack.EMPTY));
        pass(Duration.ofMillis(250));
        assertThat(repeat).isNotDone();

        first.complete(ACK);
        pass(Duration.ofMillis(250));

        assertAck(original);
        assertAck(repeat);
        assertAck(another);
        assertThat(this.published).hasSize(1);
        assertThat(this.told).containsExactly(KeyedPublish.FIRST, KeyedPublish.AWAITED, KeyedPublish.AWAITED);
        assertThat(this.one.pending() + this.two.pending()).isZero();
    }

    @Test
    void aHandlerThatTakesLongKeepsItsKeyAndARepeatIsToldThatItTakesTooLong() {
        publish(this.one, new CompletableFuture<>());
        CompletableFuture<Ack> repeat = publish(this.two, done(ACK));
        for (int i = 0; i < 15; i++) {
            pass(Duration.ofSeconds(3));
        }

        assertThat(repeat)
                .isCompletedExceptionally()
                .failsWithin(Duration.ZERO)
                .withThrowableThat()
                .havingCause()
                .isInstanceOfSatisfying(
                        RealtimeException.class, ex -> assertThat(ex.code()).isEqualTo(ErrorCode.TIMEOUT));
        assertThat(this.published).hasSize(1);
    }

    @Test
    void aNodeThatDiedKeepsTheKeyForALeaseAndTheRepeatHasItsEventId() {
        publish(this.one, new CompletableFuture<>());
        CompletableFuture<Ack> repeat = publish(this.two, done(ACK));

        this.ticker.advance(IdempotencyKeys.LEASE);
        this.two.tick(this.ticker.nanos());
        assertThat(this.published).as("a tick runs no handler").hasSize(1);
        runAll();

        assertThat(repeat).isCompleted();
        assertThat(this.published).hasSize(2);
        assertThat(this.published.get(1)).isEqualTo(this.published.get(0));
    }

    @Test
    void aFailureIsForgottenEverywhereAndTheRepeatHasItsEventId() {
        publish(this.one, CompletableFuture.failedFuture(new RealtimeException(ErrorCode.TIMEOUT, "late")));

        assertAck(publish(this.two, done(ACK)));
        assertThat(this.published).hasSize(2);
        assertThat(this.published.get(1)).isEqualTo(this.published.get(0));
    }

    @Test
    void withoutTheStoreThePublishIsHandledAndItsRepeatOnTheSameNodeIsNot() {
        this.store.away = true;
        publish(this.one, done(ACK));
        assertThat(this.told).containsExactly(KeyedPublish.UNSHARED);

        assertAck(publish(this.one, done(Ack.EMPTY)));
        assertThat(this.published).hasSize(1);
        publish(this.two, done(ACK));
        assertThat(this.published).hasSize(2);
    }

    @Test
    void whenTheStoreGoesAwayARepeatThatWaitsIsHandledOnItsOwnThreadsAsTheSameEvent() {
        publish(this.one, new CompletableFuture<>());
        CompletableFuture<Ack> repeat = publish(this.two, done(ACK));
        runAll();
        this.store.away = true;

        this.two.tick(this.ticker.nanos());
        assertThat(this.published).as("a tick runs no handler").hasSize(1);
        runAll();

        assertAck(repeat);
        assertThat(this.published).hasSize(2);
        assertThat(this.published.get(1)).isEqualTo(this.published.get(0));
    }

    @Test
    void anAnswerThatTheStoreDidNotTakeIsTriedAgain() {
        this.store.away = true;
        publish(this.one, done(ACK));
        pass(Duration.ofMillis(250));
        this.store.away = false;
        pass(Duration.ofMillis(250));

        assertAck(publish(this.two, done(Ack.EMPTY)));
        assertThat(this.published).hasSize(1);
    }

    @Test
    void theHandlerRunsOnItsOwnThreadsWhenTheStoreHasAnswered() {
        this.store.slow = new CompletableFuture<>();
        CompletableFuture<Ack> ack = publish(this.one, done(ACK));
        this.store.slow.complete(null);
        assertThat(this.published).isEmpty();

        runAll();

        assertAck(ack);
    }

    @Test
    void whenNobodyCanRunTheHandlerThePublishFailsAndItsKeyIsFree() {
        this.store.slow = new CompletableFuture<>();
        CompletableFuture<Ack> refused = publish(this.one, done(ACK));
        this.refuses = true;
        this.store.slow.complete(null);
        assertThat(refused).isCompletedExceptionally();

        this.refuses = false;
        assertAck(publish(this.two, done(ACK)));
        assertThat(this.published).hasSize(1);
    }

    @Test
    void aKeyIsNotClaimedOnceMoreWhenItsPublishIsOver() {
        CompletableFuture<Ack> first = new CompletableFuture<>();
        publish(this.one, first);
        pass(Duration.ofSeconds(3));
        first.completeExceptionally(new RealtimeException(ErrorCode.CONFLICT, "no"));
        pass(Duration.ofSeconds(3));

        assertAck(publish(this.two, done(ACK)));
    }

    @Test
    void anAnswerThatIsTooLargeForTheStoreIsKnownHereOnly() {
        Ack large = new Ack(Payload.ofJson("\"" + "x".repeat(IdempotencyKeys.MAX_SHARED) + "\""), "e1", null);
        publish(this.one, done(large));

        assertThat(publish(this.one, done(ACK)).join().data().size())
                .isEqualTo(large.data().size());
        publish(this.two, done(ACK));
        assertThat(this.published).hasSize(2);
        assertThat(this.published.get(1)).isEqualTo(this.published.get(0));
    }

    @Test
    void whatIsNoAnswerIsNotGivenToTheClient() {
        this.memory.answer(SCOPE, "e1", "nonsense".getBytes(StandardCharsets.UTF_8));

        assertAck(publish(this.one, done(ACK)));
        assertThat(this.published).containsExactly("e1");
    }
}
