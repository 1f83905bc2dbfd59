package io.github.realtimespring.test.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardSettings;
import io.github.realtimespring.test.shard.ShardNodes.Node;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who owns a bucket while nodes come, go, die and stand still, and the store comes and goes. {@link ShardNodes} looks at
 * every step whether two nodes own one.
 */
class LeasedShardRouterTests {

    private static final int BUCKETS = ShardNodes.SETTINGS.buckets();
    private static final Duration LEASE = ShardNodes.SETTINGS.lease();
    private static final Duration RENEWAL = ShardNodes.SETTINGS.renewal();
    /** A look of everybody after a hint, and what follows from it. */
    private static final Duration HANDOVER = Duration.ofSeconds(3);

    private final ShardNodes nodes = new ShardNodes(1);

    @Test
    void aNodeAloneOwnsEverythingAtOnce() {
        Node a = this.nodes.start("a");
        assertThat(a.router.owned()).isEqualTo(BUCKETS);
        assertThat(a.owned).hasSize(BUCKETS);
        assertThat(a.router.nodes()).containsExactly("origin-a");
        Ownership ownership = a.router.ownership(0);
        assertThat(ownership.owner()).isEqualTo("origin-a");
        assertThat(ownership.token()).isEqualTo(a.owned.get(0));
    }

    @Test
    void aNodeThatComesGetsItsShareOnceTheOwnerHasLetGo() {
        Node a = this.nodes.start("a");
        Map<Integer, Long> before = new HashMap<>(a.owned);
        Node b = this.nodes.start("b");
        assertThat(b.router.owned()).as("not taken from an owner that lives").isZero();
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(a.router.owned() + b.router.owned()).isEqualTo(BUCKETS);
        assertThat(b.router.owned()).isBetween(BUCKETS * 4 / 10, BUCKETS * 6 / 10);
        b.owned.forEach((bucket, token) -> {
            assertThat(token).isGreaterThan(before.get(bucket));
            assertThat(a.router.ownership(bucket).owner()).isEqualTo("origin-b");
        });
        a.owned.forEach((bucket, token) ->
                assertThat(token).as("what stays keeps its token").isEqualTo(before.get(bucket)));
    }

    /** Beacons may be lost. */
    @Test
    void withoutAHintAShareIsHandedOverAtTheNextRenewal() {
        this.nodes.start("a");
        Node b = this.nodes.start("b");
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(b.router.owned()).isPositive();
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
    }

    @Test
    void aNodeThatLeavesIsReplacedAtOnce() {
        Node a = this.nodes.start("a");
        Node b = this.nodes.start("b");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        b.leave();
        assertThat(b.owned).isEmpty();
        assertThat(b.router.owned()).isZero();
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(a.router.owned()).isEqualTo(BUCKETS);
    }

    @Test
    void theBucketsOfAKilledNodeHaveAnotherOwnerWithinItsLease() {
        Node a = this.nodes.start("a");
        Node b = this.nodes.start("b");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        int bucket = b.aBucket();
        long token = b.owned.get(bucket);
        b.kill();
        this.nodes.hint();
        this.nodes.pass(LEASE.dividedBy(2));
        assertThat(a.router.ownership(bucket).mine())
                .as("its lease is not over")
                .isFalse();
        this.nodes.pass(LEASE.dividedBy(2).plus(Duration.ofSeconds(2)));
        assertThat(a.router.owned()).isEqualTo(BUCKETS);
        assertThat(b.writes(bucket, token)).as("a write that was under way").isFalse();
    }

    @Test
    void aNodeThatStoodStillOwnsNothingWhenItWakes() {
        Node a = this.nodes.start("a");
        Node b = this.nodes.start("b");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        int bucket = b.aBucket();
        long token = b.owned.get(bucket);
        b.pause();
        this.nodes.pass(LEASE.plus(Duration.ofSeconds(2)));
        assertThat(a.router.owned()).isEqualTo(BUCKETS);

        // Before anything of it ran.
        assertThat(b.router.ownership(bucket)).isEqualTo(new Ownership(bucket, null, false, 0));
        assertThat(b.writes(bucket, token)).as("its old token").isFalse();
        assertThat(a.writes(bucket, a.owned.get(bucket))).isTrue();

        b.resume();
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(b.lost).isPositive();
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(b.owned.values()).isNotEmpty().allMatch(again -> again > token);
    }

    /** Its own lease ended, although nobody was there to take anything. */
    @Test
    void aNodeThatStoodStillAloneBeginsAnewWithOtherTokens() {
        Node a = this.nodes.start("a");
        long before = a.owned.get(0);
        a.pause();
        this.nodes.pass(LEASE.plus(RENEWAL));
        a.resume();
        this.nodes.pass(HANDOVER);
        assertThat(a.lost).isEqualTo(BUCKETS);
        assertThat(a.router.owned()).isEqualTo(BUCKETS);
        assertThat(a.owned.get(0)).isGreaterThan(before);
    }

    /** A clock that is a twentieth slow lets its node believe longer; the margin is more than that. */
    @Test
    void aSlowClockDoesNotMakeTwoOwners() {
        this.nodes.start("a");
        Node slow = this.nodes.start("slow", () -> this.nodes.backplane.ticker().nanos() / 20 * 19);
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(slow.router.owned()).isPositive();
        this.nodes.backplane.unwritable("slow");
        this.nodes.pass(LEASE.plus(RENEWAL));
        assertThat(slow.router.owned()).isZero();
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
    }

    @Test
    void aStoreThatIsAwayForLessThanALeaseChangesNothing() {
        List<Node> both = List.of(this.nodes.start("a"), this.nodes.start("b"));
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        int lost = both.get(0).lost;
        for (Node node : both) {
            this.nodes.backplane.unwritable(node.name);
        }
        this.nodes.pass(LEASE.dividedBy(3));
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        this.nodes.backplane.heal();
        this.nodes.pass(LEASE);
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(both.get(0).lost).isEqualTo(lost);
        assertThat(both.get(1).lost).isZero();
        assertThat(both.get(0).router.failures()).isPositive();
    }

    @Test
    void whileTheStoreIsAwayForLongerNobodyOwnsAnythingAndAfterwardsEverythingIsOwned() {
        for (String name : List.of("a", "b", "c")) {
            this.nodes.start(name);
        }
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        for (Node node : this.nodes.all()) {
            this.nodes.backplane.unwritable(node.name);
        }
        this.nodes.pass(LEASE);
        assertThat(this.nodes.owned()).isZero();
        assertThat(this.nodes.all()).allSatisfy(node -> assertThat(node.owned).isEmpty());
        this.nodes.pass(LEASE);
        this.nodes.backplane.heal();
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(this.nodes.all()).allSatisfy(node -> assertThat(node.owned).isNotEmpty());
    }

    /** What was asked is done, and the node does not know. */
    @Test
    void aClaimWhoseAnswerWasLostStandsInNobodysWay() {
        this.nodes.start("a");
        Node b = this.nodes.start("b");
        this.nodes.backplane.unanswered("b");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(b.owned).isEmpty();
        // Some of what b was given and does not know of is to be c's.
        Node c = this.nodes.start("c");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        this.nodes.backplane.heal();
        this.nodes.hint();
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(b.router.owned()).isPositive();
        assertThat(c.router.owned()).isPositive();
    }

    /** The node stood still between its claim and the answer; meanwhile others took over, and it is back among them. */
    @Test
    void aClaimThatWasGrantedBeforeAPauseIsNotBelievedAfterwards() {
        Node a = this.nodes.start("a");
        Node b = this.nodes.start("b");
        CompletableFuture<Void> answers = b.store.holdAnswers();
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(b.owned).isEmpty();
        b.pause();
        this.nodes.pass(LEASE.plus(HANDOVER));
        assertThat(a.router.owned()).isEqualTo(BUCKETS);
        b.resume();
        this.nodes.pass(HANDOVER);
        assertThat(b.router.nodes()).hasSize(2);
        answers.complete(null);
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(b.router.owned()).isPositive();
    }

    @Test
    void aStoreThatForgotEverythingGoesOnAboveWhatItHadGivenOut() {
        Node a = this.nodes.start("a");
        this.nodes.start("b");
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        long highest = a.tokens.stream().mapToLong(token -> token).max().orElseThrow();
        int bucket = a.aBucket();
        this.nodes.backplane.nodeStore().forget();
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
        assertThat(a.writes(bucket, a.owned.get(bucket)))
                .as("who stays the owner writes on")
                .isTrue();
        Node c = this.nodes.start("c");
        this.nodes.hint();
        this.nodes.pass(HANDOVER);
        assertThat(c.owned)
                .as("others may be owners without the store's knowledge")
                .isEmpty();
        this.nodes.pass(LEASE.plus(RENEWAL));
        assertThat(c.tokens).isNotEmpty().allMatch(token -> token > highest);
        assertThat(this.nodes.owned()).isEqualTo(BUCKETS);
    }

    /** One renewal for each node in ten seconds, whatever the number of buckets. */
    @Test
    void whileNobodyComesOrGoesOnlyLeasesAreRenewed() {
        List<Node> all = List.of(this.nodes.start("a"), this.nodes.start("b"), this.nodes.start("c"));
        this.nodes.pass(RENEWAL.plus(HANDOVER));
        all.forEach(node -> {
            node.store.renewals = 0;
            node.store.claims = 0;
            node.store.releases = 0;
        });
        this.nodes.pass(RENEWAL.multipliedBy(30));
        assertThat(all).allSatisfy(node -> {
            assertThat(node.store.renewals).isEqualTo(30);
            assertThat(node.store.claims).isZero();
            assertThat(node.store.releases).isZero();
        });
    }

    /** A lot of everything, and then rest. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverHappensABucketHasOneOwnerAndInTheEndEachHasOne(long seed) {
        Random random = new Random(seed);
        ShardNodes storm =
                new ShardNodes(seed, new ShardSettings(32, ShardNodes.SETTINGS.lease(), ShardNodes.SETTINGS.renewal()));
        int made = 0;
        for (int step = 0; step < 400; step++) {
            List<Node> all = List.copyOf(storm.all());
            Node one = all.isEmpty() ? null : all.get(random.nextInt(all.size()));
            int what = random.nextInt(20);
            if (one == null || what == 0 && all.size() < 6) {
                storm.start("n" + made++);
            } else if (what == 1 && all.size() > 1) {
                one.kill();
            } else if (what == 2 && one.isRunning()) {
                one.leave();
            } else if (what == 3) {
                one.pause();
            } else if (what == 4) {
                one.resume();
            } else if (what == 5) {
                storm.backplane.unwritable(one.name);
            } else if (what == 6) {
                storm.backplane.unanswered(one.name);
            } else if (what == 7) {
                storm.backplane.heal();
            } else if (what == 8) {
                storm.hint();
            }
            storm.pass(Duration.ofSeconds(random.nextInt(5)));
        }
        storm.backplane.heal();
        storm.all().forEach(Node::resume);
        storm.pass(LEASE.multipliedBy(2));
        assertThat(storm.owned()).as("buckets with an owner, seed %d", seed).isEqualTo(32);
        for (Node node : storm.all()) {
            assertThat(node.owned).as("what %s heard", node.name).hasSize(node.router.owned());
        }
    }
}
