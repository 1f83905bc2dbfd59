package io.github.realtimespring.test.presence;

import static io.github.realtimespring.test.presence.PresenceNodes.DEBOUNCE;
import static io.github.realtimespring.test.presence.PresenceNodes.GRACE;
import static io.github.realtimespring.test.presence.PresenceNodes.LEASE;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import io.github.realtimespring.test.presence.PresenceNodes.Client;
import io.github.realtimespring.test.presence.PresenceNodes.Node;
import io.github.realtimespring.test.presence.PresenceNodes.Watcher;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Presence over several nodes, their faults included; the watchers check every frame. */
class PresenceClusterTests {

    private static final Duration SECOND = Duration.ofSeconds(1);
    /** Time between two renewals, and so between two looks for leases that ended. */
    private static final Duration SWEEP = LEASE.dividedBy(3);

    private final FaultyBackplane cluster = FaultyBackplane.manual(1);
    private final PresenceNodes nodes = new PresenceNodes(this.cluster, "a", "b", "c");

    @AfterEach
    void stop() {
        this.nodes.close();
    }

    @Test
    void whoComesIsToldOnceOnEveryNode() {
        List<Watcher> watchers = everywhere();
        this.nodes.node("a").join("alice");
        this.nodes.node("b").join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        Client more = this.nodes.node("c").join("carol");
        this.nodes.pass(SECOND.multipliedBy(2));
        for (Watcher watcher : watchers) {
            assertThat(watcher.members()).containsExactly("alice", "bob", "carol");
            assertThat(watcher.frames).isLessThanOrEqualTo(3);
            assertThat(watcher.version()).isEqualTo(watchers.get(0).version());
        }
        more.leave();
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watchers).allSatisfy(watcher -> assertThat(watcher.members()).containsExactly("alice", "bob"));
        assertThat(published()).as("one node publishes, once").isLessThanOrEqualTo(4);
    }

    @Test
    void aTabOnAnotherNodeIsNoChange() {
        Watcher watcher = this.nodes.node("c").watcher();
        Client first = this.nodes.node("a").join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        int frames = watcher.frames;
        this.nodes.alwaysThere("bob");
        Client second = this.nodes.node("b").join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        first.leave();
        this.nodes.pass(SECOND.multipliedBy(30));
        assertThat(watcher.frames).isEqualTo(frames);
        this.nodes.mayGo("bob");
        second.leave();
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).isEmpty();
    }

    @Test
    void aUserIsIdleWhenItIsOnAllNodes() {
        Watcher watcher = this.nodes.node("c").watcher();
        Client first = this.nodes.node("a").join("bob");
        Client second = this.nodes.node("b").join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        int frames = watcher.frames;
        first.node.presence.state(first.connection, PresenceNodes.ROOM, PresenceState.IDLE);
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.frames).isEqualTo(frames);
        second.node.presence.state(second.connection, PresenceNodes.ROOM, PresenceState.IDLE);
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.frames).isEqualTo(frames + 1);
    }

    @Test
    void aKilledNodesUsersGoWithinLeaseAndSweep() {
        Node owner = this.nodes.owner();
        Node killed = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        killed.join("gone");
        killed.join("bob");
        owner.join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("bob", "gone");
        this.nodes.alwaysThere("bob");
        killed.kill();
        this.nodes.pass(LEASE.minus(SWEEP).minus(SECOND));
        assertThat(watcher.members()).as("a node may be late").containsExactly("bob", "gone");
        this.nodes.pass(SWEEP.plus(SWEEP).plus(SECOND.multipliedBy(2)));
        assertThat(watcher.members()).containsExactly("bob");
        int frames = watcher.frames;
        this.nodes.pass(LEASE);
        assertThat(watcher.frames).as("repeats change nothing").isEqualTo(frames);
    }

    @Test
    void aKilledOwnersUsersGoWithinTwoLeases() {
        Node killed = this.nodes.owner();
        Node other = this.nodes.other(killed);
        Watcher watcher = other.watcher();
        killed.join("gone");
        killed.join("bob");
        other.join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        this.nodes.alwaysThere("bob");
        killed.kill();
        this.nodes.pass(LEASE.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("bob");
        other.join("new");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("bob", "new");
    }

    @Test
    void whoIsBackOnAnotherNodeNeverLeft() {
        Node owner = this.nodes.owner();
        Node killed = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        for (int i = 0; i < 20; i++) {
            killed.join("u" + i);
            this.nodes.alwaysThere("u" + i);
        }
        this.nodes.pass(SECOND.multipliedBy(2));
        int frames = watcher.frames;
        killed.kill();
        this.nodes.pass(SECOND.multipliedBy(3));
        for (int i = 0; i < 20; i++) {
            owner.join("u" + i);
        }
        this.nodes.pass(LEASE.multipliedBy(2));
        assertThat(watcher.members()).hasSize(20);
        assertThat(watcher.frames).as("no leave, no join").isEqualTo(frames);
    }

    @Test
    void aPausedNodesUsersComeBackWithIt() {
        Node owner = this.nodes.owner();
        Node paused = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        paused.join("sleeper");
        paused.join("bob");
        owner.join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        this.nodes.alwaysThere("bob");
        paused.pause();
        this.nodes.pass(LEASE.plus(SWEEP).plus(SECOND.multipliedBy(2)));
        assertThat(watcher.members()).containsExactly("bob");
        paused.resume();
        this.nodes.pass(SWEEP.plus(SECOND.multipliedBy(2)));
        assertThat(watcher.members()).containsExactly("bob", "sleeper");
    }

    @Test
    void anOwnerThatWasPausedPublishesNothingStale() {
        Node paused = this.nodes.owner();
        Node other = this.nodes.other(paused);
        Watcher watcher = other.watcher();
        Client bob = other.join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        other.join("al");
        this.nodes.pass(Duration.ofMillis(200));
        paused.pause();
        this.nodes.pass(LEASE.multipliedBy(2));
        assertThat(watcher.members()).as("another node owns the room").containsExactly("al", "bob");
        bob.leave();
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("al");
        int published = paused.published.get();
        int frames = watcher.frames;
        paused.resume();
        this.nodes.pass(Duration.ofMillis(500));
        assertThat(paused.published.get()).isEqualTo(published);
        assertThat(watcher.frames).isEqualTo(frames);
        this.nodes.pass(LEASE);
        assertThat(watcher.members()).containsExactly("al");
    }

    @Test
    void nobodyVanishesWhileTheStoreCannotBeReached() {
        List<Watcher> watchers = everywhere();
        for (String node : List.of("a", "b", "c")) {
            this.nodes.node(node).join("of-" + node);
            this.nodes.alwaysThere("of-" + node);
        }
        this.nodes.pass(SECOND.multipliedBy(2));
        for (String node : List.of("a", "b", "c")) {
            this.cluster.unwritable(node);
        }
        this.nodes.pass(LEASE.multipliedBy(2));
        this.nodes.node("a").join("meanwhile");
        this.nodes.pass(SECOND);
        // One node is back before the others, owns everything and finds all their leases at an end.
        this.cluster.heal().unwritable("b").unwritable("c");
        this.nodes.pass(SECOND.multipliedBy(5));
        assertThat(this.nodes.owner().name).isEqualTo("a");
        assertThat(watchers.get(0).members()).containsExactly("meanwhile", "of-a", "of-b", "of-c");
        this.cluster.heal();
        this.nodes.pass(LEASE.multipliedBy(2));
        assertThat(watchers)
                .allSatisfy(
                        watcher -> assertThat(watcher.members()).containsExactly("meanwhile", "of-a", "of-b", "of-c"));
    }

    @Test
    void nobodyVanishesWhenTheStoreForgetsEverything() {
        List<Watcher> watchers = everywhere();
        for (String node : List.of("a", "b", "c")) {
            this.nodes.node(node).join("of-" + node);
            this.nodes.alwaysThere("of-" + node);
        }
        Client leaver = this.nodes.node("b").join("leaver");
        // Between two renewals: the other nodes find out only at their next, and one tells again at once.
        this.nodes.pass(SWEEP.multipliedBy(4).plus(SECOND.multipliedBy(3)));
        this.cluster.presenceStore().clear();
        this.cluster.nodeStore().forget();
        leaver.leave();
        this.nodes.pass(LEASE.multipliedBy(2));
        assertThat(watchers)
                .allSatisfy(watcher -> assertThat(watcher.members()).containsExactly("of-a", "of-b", "of-c"));
        this.nodes.node("c").join("new");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watchers).allSatisfy(watcher -> assertThat(watcher.members()).hasSize(4));
    }

    @Test
    void whatAWatchersNodeDidNotHearItReads() {
        Node owner = this.nodes.owner();
        Node deaf = this.nodes.other(owner);
        Watcher watcher = deaf.watcher();
        owner.join("al");
        this.nodes.pass(SECOND.multipliedBy(2));
        this.cluster.partition(owner.name, deaf.name);
        owner.join("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("al");
        this.cluster.heal();
        this.nodes.pass(SECOND.multipliedBy(5));
        assertThat(watcher.members()).as("a beacon tells of it").containsExactly("al", "bob");
        assertThat(watcher.snapshots).isPositive();
    }

    @Test
    void aNodeThatIsConnectedAgainReadsAtOnce() {
        Node owner = this.nodes.owner();
        Node deaf = this.nodes.other(owner);
        Watcher watcher = deaf.watcher();
        this.cluster.unreadable(deaf.name);
        owner.join("al");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).isEmpty();
        this.cluster.heal();
        this.nodes.pass(Duration.ofMillis(100));
        assertThat(watcher.members()).as("before any beacon").containsExactly("al");
    }

    @Test
    void whatIsDoubledOrOvertakenChangesNothing() {
        this.cluster.duplicate(0.5).reorder(0.3).delay(Duration.ofMillis(80));
        List<Watcher> watchers = everywhere();
        for (int i = 0; i < 30; i++) {
            this.nodes.node(List.of("a", "b", "c").get(i % 3)).join("u" + i);
            this.nodes.pass(DEBOUNCE);
        }
        this.nodes.pass(SECOND.multipliedBy(5));
        assertThat(watchers).allSatisfy(watcher -> assertThat(watcher.members()).hasSize(30));
    }

    @Test
    void aReportOfWhichNobodyToldIsFoundByTheNextLook() {
        Node owner = this.nodes.owner();
        Node other = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        owner.join("al");
        this.nodes.pass(SECOND.multipliedBy(2));
        this.cluster.partition(owner.name, other.name);
        other.join("bob");
        this.nodes.pass(SWEEP.plus(SECOND.multipliedBy(2)));
        assertThat(watcher.members()).containsExactly("al", "bob");
    }

    @Test
    void aDrainMakesNoStorm() {
        Node owner = this.nodes.owner();
        Node drained = this.nodes.other(owner);
        Watcher watcher = owner.watcher();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            clients.add(drained.join("u" + i));
            this.nodes.alwaysThere("u" + i);
        }
        drained.join("leaver").lose();
        this.nodes.pass(SECOND.multipliedBy(2));
        int frames = watcher.frames;
        clients.forEach(client -> client.connection.close(CloseReason.DRAINING));
        PresenceNodes.get(deliver(drained.presence.leaving()));
        drained.kill();
        this.nodes.pass(SECOND.multipliedBy(3));
        for (int i = 0; i < 20; i++) {
            owner.join("u" + i);
        }
        this.nodes.pass(GRACE.plus(SWEEP).plus(SECOND.multipliedBy(2)));
        assertThat(watcher.members()).as("who did not come back is gone").hasSize(20);
        assertThat(watcher.frames).isEqualTo(frames + 1);
    }

    @Test
    void aDrainedOwnersRoomGoesOnElsewhere() {
        Node drained = this.nodes.owner();
        Node other = this.nodes.other(drained);
        Watcher watcher = other.watcher();
        other.join("bob");
        this.nodes.alwaysThere("bob");
        this.nodes.pass(SECOND.multipliedBy(2));
        deliver(drained.presence.leaving());
        drained.router.close();
        this.cluster.deliver();
        drained.kill();
        other.join("al");
        this.nodes.pass(SWEEP.plus(SECOND.multipliedBy(3)));
        assertThat(watcher.members()).containsExactly("al", "bob");
    }

    @Test
    void aReportThatWentToTheOwnerBeforeIsFoundWithinSeconds() {
        Node drained = this.nodes.owner();
        Node reporter = this.nodes.other(drained);
        reporter.join("bob");
        this.nodes.pass(SWEEP.multipliedBy(2));
        deliver(drained.presence.leaving());
        drained.router.close();
        this.cluster.deliver();
        drained.kill();
        this.nodes.passUntil(Duration.ofSeconds(30), this.nodes::hasOwner);
        Node owner = this.nodes.owner();
        Node other = owner == reporter ? this.nodes.other(reporter) : reporter;
        Watcher watcher = owner.watcher();
        this.nodes.pass(SECOND);
        this.cluster.partition(owner.name, other.name);
        other.join("al");
        this.nodes.pass(SECOND.multipliedBy(2));
        assertThat(watcher.members()).containsExactly("al", "bob");
    }

    @Test
    void aUserIsFoundOnAnyNode() {
        RoutingKey bob = RoutingKey.user("bob");
        this.nodes.node("a").connect("bob");
        this.nodes.node("b").connect("bob");
        this.nodes.pass(SECOND);
        var asking = this.nodes.node("c").presence.user(bob);
        this.cluster.deliver();
        assertThat(PresenceNodes.get(asking).nodes()).containsExactlyInAnyOrder("origin-a", "origin-b");
    }

    @Test
    void whoAsksWhileTheStoreCannotBeReachedIsToldSo() {
        this.cluster.unwritable("c");
        PresenceService presence = this.nodes.node("c").presence;
        List<CompletionStage<?>> questions =
                List.of(presence.members(PresenceNodes.ROOM), presence.user(RoutingKey.user("bob")));
        this.cluster.deliver();
        for (CompletionStage<?> asking : questions) {
            assertThat(asking)
                    .failsWithin(SECOND)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOfSatisfying(
                            RealtimeException.class,
                            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.UNAVAILABLE));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void whateverHappensEverybodyAgreesInTheEnd(long seed) {
        Random random = new Random(seed);
        List<Watcher> watchers = everywhere();
        List<String> names = List.of("a", "b", "c");
        List<Client> clients = new ArrayList<>();
        for (int step = 0; step < 120; step++) {
            Node node = this.nodes.node(names.get(random.nextInt(3)));
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> clients.add(node.join("u" + random.nextInt(15)));
                case 4, 5 -> {
                    if (!clients.isEmpty()) {
                        clients.remove(random.nextInt(clients.size())).leave();
                    }
                }
                case 6 -> {
                    if (!clients.isEmpty()) {
                        clients.remove(random.nextInt(clients.size())).lose();
                    }
                }
                case 7 -> this.cluster.drop(0.3).duplicate(0.2).delay(Duration.ofMillis(200));
                case 8 -> this.cluster.heal();
                case 9 -> this.cluster.unanswered(node.name);
                case 10 -> {
                    int one = random.nextInt(3);
                    this.cluster.partition(one, (one + 1 + random.nextInt(2)) % 3);
                }
                default -> this.cluster.unwritable(node.name);
            }
            this.nodes.pass(Duration.ofMillis(100 + random.nextInt(15) * 100L));
        }
        this.cluster.heal();
        this.nodes.pass(LEASE.multipliedBy(2).plus(GRACE));
        Set<String> expected = new TreeSet<>();
        clients.forEach(client -> expected.add(client.connection.identity().user()));
        assertThat(watchers).allSatisfy(watcher -> assertThat(watcher.members()).isEqualTo(expected));
    }

    private <T> T deliver(T under) {
        this.cluster.deliver();
        return under;
    }

    private List<Watcher> everywhere() {
        List<Watcher> watchers = new ArrayList<>();
        for (String node : List.of("a", "b", "c")) {
            watchers.add(this.nodes.node(node).watcher());
        }
        return watchers;
    }

    private int published() {
        return List.of("a", "b", "c").stream()
                .mapToInt(node -> this.nodes.node(node).published.get())
                .sum();
    }
}
