package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BucketsTests {

    private final List<String> calls = new ArrayList<>();
    private final Map<Integer, CompletableFuture<Void>> subscribing = new HashMap<>();
    private final Buckets buckets = new Buckets(8, this::subscribe, this::unsubscribe);
    private final List<RoutingKey> neighbours = neighbours();

    private CompletionStage<Void> subscribe(int bucket) {
        this.calls.add("+" + bucket);
        return this.subscribing.computeIfAbsent(bucket, none -> new CompletableFuture<>());
    }

    private CompletionStage<Void> unsubscribe(int bucket) {
        this.calls.add("-" + bucket);
        this.subscribing.remove(bucket);
        return CompletableFuture.completedFuture(null);
    }

    /** Keys of one bucket. */
    private List<RoutingKey> neighbours() {
        int bucket = this.buckets.of(RoutingKey.room("project:0"));
        return IntStream.range(0, 100)
                .mapToObj(i -> RoutingKey.room("project:" + i))
                .filter(key -> this.buckets.of(key) == bucket)
                .limit(3)
                .toList();
    }

    private int bucket() {
        return this.buckets.of(this.neighbours.get(0));
    }

    @Test
    void keysOfABucketShareItsSubscription() {
        CompletableFuture<Void> first =
                this.buckets.subscribe(this.neighbours.get(0)).toCompletableFuture();
        CompletableFuture<Void> second =
                this.buckets.subscribe(this.neighbours.get(1)).toCompletableFuture();
        assertThat(this.calls).containsExactly("+" + bucket());
        assertThat(first).isNotDone();
        assertThat(second).isNotDone();

        this.subscribing.get(bucket()).complete(null);

        assertThat(first).isCompleted();
        assertThat(second).isCompleted();
        this.buckets.unsubscribe(this.neighbours.get(0));
        assertThat(this.calls).containsExactly("+" + bucket());
        this.buckets.unsubscribe(this.neighbours.get(1));
        assertThat(this.calls).containsExactly("+" + bucket(), "-" + bucket());
        assertThat(this.buckets.size()).isZero();
    }

    @Test
    void aBucketThatIsGivenBackWhileItIsSubscribedEndsAfterwards() {
        this.buckets.subscribe(this.neighbours.get(0));
        this.buckets.unsubscribe(this.neighbours.get(0));
        assertThat(this.calls).containsExactly("+" + bucket());

        this.subscribing.get(bucket()).complete(null);

        assertThat(this.calls).containsExactly("+" + bucket(), "-" + bucket());
    }

    @Test
    void aKeyThatComesAgainMeanwhileKeepsTheBucket() {
        this.buckets.subscribe(this.neighbours.get(0));
        this.buckets.unsubscribe(this.neighbours.get(0));
        CompletionStage<Void> again = this.buckets.subscribe(this.neighbours.get(1));

        this.subscribing.get(bucket()).complete(null);

        assertThat(again.toCompletableFuture()).isCompleted();
        assertThat(this.calls).containsExactly("+" + bucket());
    }

    @Test
    void afterAFailureTheNextKeyTriesAnew() {
        CompletionStage<Void> first = this.buckets.subscribe(this.neighbours.get(0));
        this.subscribing.remove(bucket()).completeExceptionally(new IllegalStateException("down"));
        assertThat(first.toCompletableFuture()).isCompletedExceptionally();
        this.buckets.unsubscribe(this.neighbours.get(0));

        this.buckets.subscribe(this.neighbours.get(1));

        assertThat(this.calls).containsExactly("+" + bucket(), "+" + bucket());
    }

    /** Written down: a key must be in the same bucket on every node and in every version. */
    @Test
    void keysAreSpreadAndAlwaysInTheSameBucket() {
        Buckets many = new Buckets(256, this::subscribe, this::unsubscribe);
        assertThat(many.of(RoutingKey.room("project:42"))).isEqualTo(36);
        assertThat(many.of(RoutingKey.room("project:42").withTenant("acme"))).isEqualTo(81);
        int[] sizes = new int[256];
        IntStream.range(0, 25_600).forEach(i -> sizes[many.of(RoutingKey.room("project:" + i))]++);
        assertThat(IntStream.of(sizes).boxed())
                .allSatisfy(size -> assertThat(size).isBetween(25, 200));
    }
}
