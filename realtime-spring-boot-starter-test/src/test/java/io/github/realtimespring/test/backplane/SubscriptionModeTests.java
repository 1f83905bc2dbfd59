package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Buckets;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What each mode brings to a node, and that members see no difference. */
class SubscriptionModeTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final FaultyBackplane cluster = FaultyBackplane.manual(42);

    @AfterEach
    void close() {
        this.cluster.close();
    }

    private ClusterNode node(String name, SubscriptionMode mode) {
        return new ClusterNode(this.cluster, name, mode);
    }

    /** A room of the same bucket as another one, or of another bucket. */
    private static RoutingKey neighbour(RoutingKey of, boolean same) {
        Buckets buckets = new Buckets(FaultyBackplane.BUCKETS, none -> done(), none -> done());
        return IntStream.range(0, 1000)
                .mapToObj(i -> RoutingKey.room("other:" + i))
                .filter(key -> (buckets.of(key) == buckets.of(of)) == same)
                .findFirst()
                .orElseThrow();
    }

    private static CompletableFuture<Void> done() {
        return CompletableFuture.completedFuture(null);
    }

    @ParameterizedTest
    @EnumSource(SubscriptionMode.class)
    void membersGetTheSameEvents(SubscriptionMode mode) {
        try (ClusterNode one = node("one", mode);
                ClusterNode two = node("two", mode)) {
            ClusterNode.Client alice = one.join(ROOM);
            ClusterNode.Client bob = two.join(ROOM);

            one.publish(ROOM, "1", DeliveryClass.STANDARD);
            two.publish(ROOM, "2", DeliveryClass.STANDARD);
            one.publish(ROOM, "3", DeliveryClass.RECOVERABLE);

            assertThat(alice.received()).containsExactly("1", "2", "3@1");
            assertThat(bob.received()).containsExactly("1", "2", "3@1");
        }
    }

    @Test
    void lazilyANodeWithoutMembersReceivesNothing() {
        try (ClusterNode one = node("one", SubscriptionMode.LAZY);
                ClusterNode two = node("two", SubscriptionMode.LAZY)) {
            one.join(ROOM);
            two.join(neighbour(ROOM, true));
            one.publish(ROOM, "1", DeliveryClass.STANDARD);
            one.publish(ROOM, "2", DeliveryClass.RECOVERABLE);

            assertThat(this.cluster.arrivals("two")).isZero();
        }
    }

    @Test
    void shardedANodeReceivesItsBucketsAndCountsWhatNobodyIsInFor() {
        try (ClusterNode one = node("one", SubscriptionMode.SHARDED);
                ClusterNode two = node("two", SubscriptionMode.SHARDED)) {
            one.publish(ROOM, "1", DeliveryClass.STANDARD);
            assertThat(this.cluster.arrivals("two")).isZero();

            ClusterNode.Client bob = two.join(neighbour(ROOM, true));
            one.publish(ROOM, "2", DeliveryClass.STANDARD);
            one.publish(neighbour(ROOM, false), "3", DeliveryClass.STANDARD);

            assertThat(this.cluster.arrivals("two")).isEqualTo(1);
            assertThat(two.counts.of(Received.NO_MEMBERS)).isEqualTo(1);
            assertThat(bob.received()).isEmpty();
        }
    }

    @Test
    void shardedKeysOfABucketShareASubscription() {
        try (ClusterNode one = node("one", SubscriptionMode.SHARDED)) {
            one.join(ROOM);
            one.join(neighbour(ROOM, true));
            one.join(neighbour(ROOM, false));

            assertThat(this.cluster.subscriptions("one")).isEqualTo(2);
            assertThat(one.backplane.subscriptions()).isEqualTo(3);
        }
    }

    @Test
    void eagerlyNothingIsAskedForAKeyAndEverythingArrives() {
        try (ClusterNode one = node("one", SubscriptionMode.EAGER);
                ClusterNode two = node("two", SubscriptionMode.EAGER)) {
            ClusterNode.Client bob = two.join(ROOM);
            List.of("1", "2").forEach(data -> one.publish(RoutingKey.room("empty"), data, DeliveryClass.STANDARD));
            one.publish(ROOM, "3", DeliveryClass.STANDARD);

            assertThat(this.cluster.subscriptions("two")).isZero();
            assertThat(this.cluster.arrivals("two")).isEqualTo(3);
            assertThat(two.counts.of(Received.NO_MEMBERS)).isEqualTo(2);
            assertThat(bob.received()).containsExactly("3");
        }
    }
}
