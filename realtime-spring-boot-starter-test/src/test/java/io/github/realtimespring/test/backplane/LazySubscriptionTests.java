package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node subscribes what it has members in, and a join is not acknowledged before that. */
class LazySubscriptionTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final FaultyBackplane cluster = FaultyBackplane.manual(42);
    private final ClusterNode one = new ClusterNode(this.cluster, "one");
    private final ClusterNode two = new ClusterNode(this.cluster, "two");

    @AfterEach
    void close() {
        this.one.close();
        this.two.close();
        this.cluster.close();
    }

    @Test
    void noJoinIsAcknowledgedBeforeTheSubscriptionIsInForce() {
        ClusterNode.Client alice = this.one.connect();
        ClusterNode.Client bob = this.one.connect();

        CompletionStage<RoomService.Join> first = alice.begin(ROOM, null);
        CompletionStage<RoomService.Join> second = bob.begin(ROOM, null);
        assertThat(first.toCompletableFuture()).isNotDone();
        assertThat(second.toCompletableFuture()).isNotDone();

        this.cluster.deliver();
        assertThat(first.toCompletableFuture()).isCompleted();
        assertThat(second.toCompletableFuture()).isCompleted();
        assertThat(this.cluster.subscriptions("one")).isEqualTo(1);
    }

    @Test
    void aSubscriptionThatCannotBeHadRollsEveryJoinBackThatWaitsForIt() {
        ClusterNode.Client alice = this.one.connect();
        ClusterNode.Client bob = this.one.connect();
        this.cluster.unreadable("one");

        List<CompletionStage<RoomService.Join>> joins = List.of(alice.begin(ROOM, null), bob.begin(ROOM, null));
        this.cluster.deliver();

        for (CompletionStage<RoomService.Join> join : joins) {
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(() -> ClusterNode.get(join))
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RealtimeException.class, ex -> assertThat(ex.code()).isEqualTo(ErrorCode.UNAVAILABLE));
        }
        assertThat(this.one.rooms.keyCount()).isZero();
        assertThat(this.one.backplane.subscriptions()).isZero();

        this.cluster.heal();
        alice.join(ROOM, null);
        this.two.publish(ROOM, "hello", DeliveryClass.STANDARD);
        assertThat(alice.received()).containsExactly("hello");
    }

    @Test
    void theLastLeaveEndsTheSubscriptionLateAndOnlyIfNobodyCameBack() {
        ClusterNode.Client alice = this.one.join(ROOM);
        alice.leave(ROOM);
        alice.join(ROOM, null);
        this.cluster.advance(Duration.ofSeconds(6));
        this.one.tick();
        assertThat(this.cluster.subscriptions("one")).isEqualTo(1);

        alice.leave(ROOM);
        this.cluster.advance(Duration.ofSeconds(4));
        this.one.tick();
        assertThat(this.cluster.subscriptions("one")).isEqualTo(1);
        this.cluster.advance(Duration.ofSeconds(1));
        this.one.tick();
        assertThat(this.cluster.subscriptions("one")).isZero();
        assertThat(this.one.backplane.subscriptions()).isZero();
    }

    /** Joins and leaves around the moment at which a key is given back: whoever is in the room gets what follows. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whoeverIsInTheRoomGetsWhatIsPublished(long seed) {
        Random random = new Random(seed);
        List<ClusterNode.Client> in = new ArrayList<>();
        for (int step = 0; step < 100; step++) {
            if (random.nextInt(3) > 0 && !in.isEmpty()) {
                in.remove(random.nextInt(in.size())).leave(ROOM);
            } else {
                in.add(this.one.join(ROOM));
            }
            this.cluster.advance(Duration.ofMillis(random.nextInt(6000)));
            this.two.tick();
            this.one.backplane.tick();
            if (random.nextBoolean()) {
                this.cluster.deliver();
            }
            boolean recoverable = random.nextBoolean();
            String data = "e" + step;
            this.two.publish(ROOM, data, recoverable ? DeliveryClass.RECOVERABLE : DeliveryClass.STANDARD);
            for (ClusterNode.Client client : in) {
                List<String> received = client.received();
                assertThat(received).as("step %s, seed %s", step, seed).isNotEmpty();
                assertThat(received.get(received.size() - 1)).startsWith(data);
                assertThat(received).as("step %s, seed %s", step, seed).doesNotContain("gap:backplane");
            }
        }
        in.forEach(client -> client.leave(ROOM));
        this.cluster.advance(Duration.ofSeconds(6));
        this.one.tick();
        assertThat(this.cluster.subscriptions("one")).isZero();
    }
}
