package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.history.IdempotencyStore.Scope;
import io.github.realtimespring.protocol.IdempotencyKeys.Ack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class IdempotencyKeysTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final Scope SCOPE = new Scope("user:alice", ROOM, "message.send", "k1");
    private static final Ack ACK = new Ack(Payload.ofJson("1"), "e1", null);

    private final TestTicker ticker = new TestTicker();
    private final IdempotencyKeys keys = new IdempotencyKeys(Duration.ofMinutes(2), this.ticker);
    private final List<String> published = new ArrayList<>();

    @Test
    void aRepeatGetsTheFirstAcknowledgementAndPublishesNothing() {
        assertThat(publish(SCOPE, done(ACK))).isCompletedWithValue(ACK);
        assertThat(publish(SCOPE, done(Ack.EMPTY))).isCompletedWithValueMatching(IdempotencyKeysTests::isAck);
        assertThat(this.published).hasSize(1);
    }

    @Test
    void aRepeatDuringTheFirstAwaitsItsAcknowledgement() {
        CompletableFuture<Ack> first = new CompletableFuture<>();
        CompletableFuture<Ack> original = publish(SCOPE, first);
        CompletableFuture<Ack> repeat = publish(SCOPE, done(Ack.EMPTY));
        assertThat(repeat).isNotDone();
        first.complete(ACK);
        assertThat(original).isCompletedWithValue(ACK);
        assertThat(repeat).isCompletedWithValue(ACK);
        assertThat(this.published).hasSize(1);
    }

    @Test
    void aFailureIsForgottenAndTheRepeatRunsWithTheSameEventId() {
        RealtimeException timeout = new RealtimeException(ErrorCode.TIMEOUT, "late");
        assertThat(publish(SCOPE, CompletableFuture.failedFuture(timeout))).isCompletedExceptionally();
        assertThat(publish(SCOPE, done(ACK))).isCompletedWithValue(ACK);
        assertThat(this.published).hasSize(2);
        assertThat(this.published.get(1)).isEqualTo(this.published.get(0));
    }

    @Test
    void anotherClientRoomEventOrKeyIsAnotherPublish() {
        publish(SCOPE, done(ACK));
        publish(new Scope("session:alice", ROOM, "message.send", "k1"), done(ACK));
        publish(new Scope("user:alice", ROOM.withTenant("acme"), "message.send", "k1"), done(ACK));
        publish(new Scope("user:alice", RoutingKey.room("project:43"), "message.send", "k1"), done(ACK));
        publish(new Scope("user:alice", ROOM, "message.edit", "k1"), done(ACK));
        publish(new Scope("user:alice", ROOM, "message.send", "k2"), done(ACK));
        assertThat(this.published).hasSize(6).doesNotHaveDuplicates();
    }

    @Test
    void keysAreForgottenAfterTheWindow() {
        publish(SCOPE, done(ACK));
        this.ticker.advance(Duration.ofMinutes(2).plusMillis(1));
        publish(SCOPE, done(ACK));
        assertThat(this.published).hasSize(2).doesNotHaveDuplicates();
    }

    @Test
    void whatIsUnderWayIsNotForgottenHoweverMuchIsOverMeanwhile() {
        CompletableFuture<Ack> first = new CompletableFuture<>();
        publish(SCOPE, first);
        Payload large = Payload.ofJson("\"" + "x".repeat(1 << 20) + "\"");
        for (int i = 0; i < 70; i++) {
            publish(new Scope("user:bob", ROOM, "message.send", "k" + i), done(new Ack(large, null, null)));
        }
        this.ticker.advance(Duration.ofMinutes(5));

        CompletableFuture<Ack> repeat = publish(SCOPE, done(Ack.EMPTY));

        assertThat(repeat).isNotDone();
        first.complete(ACK);
        assertThat(repeat).isCompletedWithValue(ACK);
        assertThat(this.published).hasSize(71);
    }

    @Test
    void ofWhatIsOverTheOldestIsForgottenFirst() {
        Payload large = Payload.ofJson("\"" + "x".repeat(1 << 20) + "\"");
        for (int i = 0; i < 70; i++) {
            publish(new Scope("user:bob", ROOM, "message.send", "k" + i), done(new Ack(large, null, null)));
        }
        publish(new Scope("user:bob", ROOM, "message.send", "k69"), done(ACK));
        assertThat(this.published).hasSize(70);
        publish(new Scope("user:bob", ROOM, "message.send", "k0"), done(ACK));
        assertThat(this.published).hasSize(71);
    }

    private static boolean isAck(Ack ack) {
        return ack.data() != null
                && Arrays.equals(ack.data().bytes(), ACK.data().bytes())
                && Objects.equals(ack.eventId(), ACK.eventId())
                && Objects.equals(ack.cursor(), ACK.cursor());
    }

    @Test
    void manyConcurrentRepeatsRunOnce() throws Exception {
        IdempotencyKeys keys = new IdempotencyKeys(Duration.ofMinutes(2), Ticker.SYSTEM);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int trial = 0; trial < 500; trial++) {
                Scope scope = new Scope("user:alice", ROOM, "message.send", "k" + trial);
                AtomicInteger runs = new AtomicInteger();
                CyclicBarrier start = new CyclicBarrier(4);
                List<Future<Ack>> acks = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    acks.add(threads.submit(() -> {
                        start.await();
                        return keys.once(scope, 0, eventId -> {
                                    runs.incrementAndGet();
                                    return CompletableFuture.supplyAsync(() -> new Ack(null, eventId, null));
                                })
                                .toCompletableFuture()
                                .get(30, TimeUnit.SECONDS);
                    }));
                }
                Ack first = acks.get(0).get();
                for (Future<Ack> ack : acks) {
                    assertThat(ack.get()).isEqualTo(first);
                }
                assertThat(runs).hasValue(1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static CompletionStage<Ack> done(Ack ack) {
        return CompletableFuture.completedFuture(ack);
    }

    private CompletableFuture<Ack> publish(Scope scope, CompletionStage<Ack> outcome) {
        return this.keys
                .once(scope, 0, eventId -> {
                    this.published.add(eventId);
                    return outcome;
                })
                .toCompletableFuture();
    }
}
