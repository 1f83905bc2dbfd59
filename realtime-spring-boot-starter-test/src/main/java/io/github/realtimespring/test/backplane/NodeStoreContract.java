package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.shard.NodeStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link NodeStore} has to do; the numbers in the comments are its rules. Extend it for a store.
 *
 * @since 0.1.0
 */
public abstract class NodeStoreContract {

    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(300);

    private final String a = EventId.next(System.currentTimeMillis());
    private final String b = EventId.next(System.currentTimeMillis());
    private final String c = EventId.next(System.currentTimeMillis());

    private NodeStore store;

    /** The store, with nothing in it: of an application of its own, for instance. */
    protected abstract NodeStore store();

    /** Lets time of the store's clock pass; does nothing where it passes by itself. */
    protected void pass(Duration time) {}

    @BeforeEach
    final void createStore() {
        this.store = store();
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private NodeStore.Nodes renew(String origin, Duration lease, long seen) {
        return get(this.store.renew(origin, lease, seen, seen));
    }

    private NodeStore.Nodes join(String origin) {
        return renew(origin, LONG, 0);
    }

    private NodeStore.Claimed claim(String origin, long sequence, int bucket, String gone) {
        List<NodeStore.Claimed> answers = get(this.store.claim(origin, sequence, Map.of(bucket, gone)));
        assertThat(answers).hasSize(1);
        return answers.get(0);
    }

    /** Rule 4. */
    @Test
    void eachNodeThatComesOrGoesMovesTheSequence() {
        NodeStore.Nodes first = join(this.a);
        assertThat(first.origins()).containsExactly(this.a);
        assertThat(first.unsettled()).isZero();
        NodeStore.Nodes second = join(this.b);
        assertThat(second.sequence()).isGreaterThan(first.sequence());
        assertThat(second.origins()).containsExactlyInAnyOrder(this.a, this.b);
        get(this.store.leave(this.b));
        NodeStore.Nodes third = renew(this.a, LONG, second.sequence());
        assertThat(third.sequence()).isGreaterThan(second.sequence());
        assertThat(third.origins()).containsExactly(this.a);
    }

    @Test
    void aRenewalThatChangesNothingDoesNotRepeatWhatTheCallerKnows() {
        join(this.a);
        long sequence = join(this.b).sequence();
        NodeStore.Nodes again = renew(this.b, LONG, sequence);
        assertThat(again.sequence()).isEqualTo(sequence);
        assertThat(again.origins()).isNull();
        assertThat(renew(this.a, LONG, 0).origins()).hasSize(2);
    }

    /** Rule 3. */
    @Test
    void aLeaseThatIsNotRenewedEnds() {
        renew(this.a, SHORT, 0);
        NodeStore.Nodes both = join(this.b);
        assertThat(both.origins()).hasSize(2);
        assertThat(both.firstEnd()).isBetween(Duration.ZERO, SHORT);
        pass(SHORT);
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    NodeStore.Nodes now = renew(this.b, LONG, 0);
                    return Objects.requireNonNull(now.origins()).equals(List.of(this.b))
                            && now.sequence() > both.sequence();
                });
        assertThat(renew(this.b, LONG, 0).firstEnd()).isGreaterThan(SHORT);
    }

    /** Rule 4: its own lease was over, although nobody else noticed. */
    @Test
    void aNodeThatComesBackTooLateIsAnotherOne() {
        long before = renew(this.a, SHORT, 0).sequence();
        pass(SHORT);
        await().atMost(Duration.ofSeconds(10))
                .pollDelay(SHORT.plusMillis(50))
                .pollInterval(SHORT.plusMillis(50))
                .until(() -> renew(this.a, SHORT, before).sequence() > before);
    }

    /** Rule 4: as after a failover that lost the last changes. */
    @Test
    void aStoreThatIsBehindGoesOnAboveWhatACallerHasSeen() {
        long sequence = join(this.a).sequence();
        NodeStore.Nodes raised = get(this.store.renew(this.a, LONG, sequence, sequence + 100));
        assertThat(raised.sequence()).isGreaterThan(sequence + 100);
        assertThat(raised.origins()).containsExactly(this.a);
        assertThat(raised.unsettled()).isBetween(LONG.dividedBy(2), LONG);
        assertThat(join(this.b).unsettled()).as("everybody is told").isBetween(LONG.dividedBy(2), LONG);
    }

    /** Rule 5. */
    @Test
    void aFreeBucketIsOwnedByWhoeverClaimsIt() {
        long sequence = join(this.a).sequence();
        assertThat(claim(this.a, sequence, 7, "")).isEqualTo(new NodeStore.Claimed(7, true, this.a, sequence));
        assertThat(claim(this.a, sequence, 7, ""))
                .as("asked again after an answer that was lost")
                .isEqualTo(new NodeStore.Claimed(7, true, this.a, sequence));
    }

    /** Rule 5. */
    @Test
    void aBucketIsNotTakenFromAnOwnerThatHasNotReleasedIt() {
        long sequence = join(this.a).sequence();
        claim(this.a, sequence, 7, "");
        long later = join(this.b).sequence();
        assertThat(claim(this.b, later, 7, "")).isEqualTo(new NodeStore.Claimed(7, false, this.a, sequence));
        get(this.store.release(this.c, List.of(7)));
        assertThat(claim(this.b, later, 7, "").granted())
                .as("released by somebody else")
                .isFalse();
        get(this.store.release(this.a, List.of(7)));
        assertThat(claim(this.b, later, 7, "")).isEqualTo(new NodeStore.Claimed(7, true, this.b, later));
    }

    /** Rule 5. */
    @Test
    void nobodyWaitsForAnOwnerThatIsGone() {
        claim(this.a, join(this.a).sequence(), 7, "");
        long later = join(this.b).sequence();
        assertThat(claim(this.b, later, 7, this.c).granted())
                .as("gone is somebody else")
                .isFalse();
        assertThat(claim(this.b, later, 7, this.a)).isEqualTo(new NodeStore.Claimed(7, true, this.b, later));
    }

    /** Rule 5: a claim that was under way when its node was paused. */
    @Test
    void aClaimOfBeforeChangesNothingAfterAnotherOne() {
        long sequence = join(this.a).sequence();
        long later = join(this.b).sequence();
        claim(this.b, later, 7, "");
        assertThat(claim(this.a, sequence, 7, this.b)).isEqualTo(new NodeStore.Claimed(7, false, this.b, later));
        assertThat(claim(this.c, later, 7, this.b).granted())
                .as("by the same nodes there is one owner")
                .isFalse();
        get(this.store.release(this.b, List.of(7)));
        assertThat(claim(this.a, sequence, 7, "").granted())
                .as("a token is never used again")
                .isFalse();
    }

    @Test
    void manyBucketsAreClaimedAtOnce() {
        long sequence = join(this.a).sequence();
        claim(this.a, sequence, 1, "");
        long later = join(this.b).sequence();
        List<NodeStore.Claimed> answers = get(this.store.claim(this.b, later, Map.of(1, "", 2, "", 3, "")));
        assertThat(answers)
                .containsExactlyInAnyOrder(
                        new NodeStore.Claimed(1, false, this.a, sequence),
                        new NodeStore.Claimed(2, true, this.b, later),
                        new NodeStore.Claimed(3, true, this.b, later));
    }
}
