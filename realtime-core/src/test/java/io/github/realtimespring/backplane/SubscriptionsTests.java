package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.testing.TestTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class SubscriptionsTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final Duration LINGER = Duration.ofSeconds(5);

    private final TestTicker ticker = new TestTicker();
    private final Broker broker = new Broker();
    private boolean needed;
    private final Subscriptions<RoutingKey> subscriptions =
            new Subscriptions<>(this.broker, key -> this.needed, BackplaneObserver.none(), LINGER, this.ticker);

    @Test
    void everyJoinWaitsUntilTheSubscriptionIsInForce() {
        CompletableFuture<Void> first = subscribe();
        CompletableFuture<Void> second = subscribe();
        assertThat(this.broker.began).hasSize(1);
        assertThat(first).isNotDone();
        assertThat(second).isNotDone();
        assertThat(this.subscriptions.isInForce(ROOM)).isFalse();

        this.broker.began.get(0).complete(null);

        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
        assertThat(subscribe()).isCompleted();
        assertThat(this.subscriptions.isInForce(ROOM)).isTrue();
    }

    @Test
    void aFailureFailsEverybodyWhoWaitsAndTheNextJoinTriesAnew() {
        CompletableFuture<Void> first = subscribe();
        CompletableFuture<Void> second = subscribe();
        this.broker.began.get(0).completeExceptionally(new IllegalStateException("down"));

        assertThat(first).isCompletedExceptionally();
        assertThat(second).isCompletedExceptionally();
        assertThat(this.subscriptions.size()).isZero();
        CompletableFuture<Void> third = subscribe();
        this.broker.began.get(1).complete(null);
        assertThat(third).isCompleted();
    }

    @Test
    void theLastLeaveEndsTheSubscriptionAfterAWhile() {
        inForce();
        this.subscriptions.release(ROOM);
        this.ticker.advance(LINGER.minusMillis(1));
        this.subscriptions.tick();
        assertThat(this.broker.ended).isEmpty();

        this.ticker.advance(Duration.ofMillis(1));
        this.subscriptions.tick();
        assertThat(this.broker.ended).hasSize(1);
        assertThat(this.subscriptions.isInForce(ROOM)).isFalse();
        this.broker.ended.get(0).complete(null);
        assertThat(this.subscriptions.size()).isZero();
    }

    /** The member came after the last one had left and before its leave was told: without a second look it gets nothing. */
    @Test
    void aKeyThatHasMembersAgainKeepsItsSubscription() {
        inForce();
        this.needed = true;
        CompletableFuture<Void> joining = subscribe();
        this.subscriptions.release(ROOM);
        this.ticker.advance(LINGER);
        this.subscriptions.tick();

        assertThat(joining).isCompleted();
        assertThat(this.broker.ended).isEmpty();
        assertThat(this.subscriptions.isInForce(ROOM)).isTrue();
    }

    @Test
    void whoComesWhileAKeyIsGivenBackWaitsUntilItIsSubscribedAgain() {
        inForce();
        this.subscriptions.release(ROOM);
        this.ticker.advance(LINGER);
        this.subscriptions.tick();

        CompletableFuture<Void> first = subscribe();
        CompletableFuture<Void> second = subscribe();
        assertThat(this.broker.began).as("not before the old one has ended").hasSize(1);
        this.broker.ended.get(0).complete(null);
        assertThat(this.broker.began).hasSize(2);
        assertThat(first).isNotDone();
        this.broker.began.get(1).complete(null);

        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
        assertThat(this.subscriptions.isInForce(ROOM)).isTrue();
    }

    @Test
    void aSubscriptionThatIsStillPendingWhenItsGraceIsOverEndsOnceItIsInForce() {
        subscribe();
        this.subscriptions.release(ROOM);
        this.ticker.advance(LINGER);
        this.subscriptions.tick();
        assertThat(this.broker.ended).isEmpty();

        this.broker.began.get(0).complete(null);
        this.subscriptions.tick();
        assertThat(this.broker.ended).hasSize(1);
    }

    private void inForce() {
        subscribe();
        this.broker.began.get(0).complete(null);
    }

    private CompletableFuture<Void> subscribe() {
        return this.subscriptions.subscribe(ROOM).toCompletableFuture();
    }

    /** Answers when the test says so. */
    private static final class Broker implements Subscriptions.Steps<RoutingKey> {

        private final List<CompletableFuture<Void>> began = new ArrayList<>();
        private final List<CompletableFuture<Void>> ended = new ArrayList<>();

        @Override
        public CompletionStage<Void> begin(RoutingKey key) {
            CompletableFuture<Void> begun = new CompletableFuture<>();
            this.began.add(begun);
            return begun;
        }

        @Override
        public CompletionStage<Void> end(RoutingKey key) {
            CompletableFuture<Void> end = new CompletableFuture<>();
            this.ended.add(end);
            return end;
        }
    }
}
