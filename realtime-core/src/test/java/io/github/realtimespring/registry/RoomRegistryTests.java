package io.github.realtimespring.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoomRegistryTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final RoutingKey OTHER = RoutingKey.room("project:43");
    private static final ConnectionId ALICE = new ConnectionId("alice");
    private static final ConnectionId BOB = new ConnectionId("bob");

    private final RoomRegistry rooms = new RoomRegistry();

    @AfterEach
    void invariantHolds() {
        assertThat(this.rooms.inconsistencies()).isEmpty();
        assertThat(this.rooms.membershipCount()).isEqualTo(this.rooms.reverseMembershipCount());
    }

    @Test
    void theFirstJoinSaysSoAndLaterOnesDoNot() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);

        assertThat(this.rooms.join(ROOM, ALICE)).isEqualTo(MembershipChange.JOINED_FIRST);
        assertThat(this.rooms.join(ROOM, BOB)).isEqualTo(MembershipChange.JOINED);
        assertThat(this.rooms.size(ROOM)).isEqualTo(2);
    }

    @Test
    void joiningTwiceIsOneMembership() {
        this.rooms.register(ALICE);
        this.rooms.join(ROOM, ALICE);

        assertThat(this.rooms.join(ROOM, ALICE)).isEqualTo(MembershipChange.NONE);
        assertThat(this.rooms.members(ROOM)).hasSize(1);
    }

    @Test
    void theLastLeaveSaysSoAndTheKeyIsGone() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);
        this.rooms.join(ROOM, ALICE);
        this.rooms.join(ROOM, BOB);

        assertThat(this.rooms.leave(ROOM, ALICE)).isEqualTo(MembershipChange.LEFT);
        assertThat(this.rooms.leave(ROOM, BOB)).isEqualTo(MembershipChange.LEFT_LAST);
        assertThat(this.rooms.keyCount()).isZero();
        assertThat(this.rooms.members(ROOM)).isEmpty();
    }

    @Test
    void leavingWhatWasNotJoinedChangesNothing() {
        this.rooms.register(ALICE);

        assertThat(this.rooms.leave(ROOM, ALICE)).isEqualTo(MembershipChange.NONE);
        assertThat(this.rooms.leave(ROOM, BOB)).isEqualTo(MembershipChange.NOT_CONNECTED);
    }

    @Test
    void whoIsNotRegisteredCannotJoin() {
        assertThat(this.rooms.join(ROOM, ALICE)).isEqualTo(MembershipChange.NOT_CONNECTED);
        assertThat(this.rooms.keyCount()).isZero();
    }

    @Test
    void removingAConnectionLeavesAllItsKeysAndTellsWhich() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);
        this.rooms.join(ROOM, ALICE);
        this.rooms.join(OTHER, ALICE);
        this.rooms.join(OTHER, BOB);

        assertThat(this.rooms.remove(ALICE))
                .containsExactly(entry(ROOM, MembershipChange.LEFT_LAST), entry(OTHER, MembershipChange.LEFT));
        assertThat(this.rooms.remove(ALICE)).isEmpty();
        assertThat(this.rooms.join(ROOM, ALICE)).isEqualTo(MembershipChange.NOT_CONNECTED);
        assertThat(this.rooms.keys(BOB)).containsExactly(OTHER);
    }

    @Test
    void aFullKeyTakesNobodyElse() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);
        this.rooms.join(ROOM, ALICE, 1);

        assertThat(this.rooms.join(ROOM, BOB, 1)).isEqualTo(MembershipChange.FULL);
        assertThat(this.rooms.join(OTHER, BOB, 0)).isEqualTo(MembershipChange.FULL);
        assertThat(this.rooms.keyCount()).isEqualTo(1);
    }

    @Test
    void aSnapshotDoesNotChangeAndEachMemberKnowsWhetherItIsStillCurrent() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);
        this.rooms.join(ROOM, ALICE);
        this.rooms.join(ROOM, BOB);
        List<Membership> snapshot = this.rooms.members(ROOM);

        this.rooms.leave(ROOM, ALICE);

        assertThat(snapshot).hasSize(2);
        assertThat(snapshot)
                .filteredOn(Membership::isCurrent)
                .extracting(Membership::connectionId)
                .containsExactly(BOB);
    }

    @Test
    void aMembershipThatEndedIsNotRevivedByJoiningAgain() {
        this.rooms.register(ALICE);
        this.rooms.join(ROOM, ALICE);
        Membership first = this.rooms.members(ROOM).get(0);

        this.rooms.leave(ROOM, ALICE);
        this.rooms.join(ROOM, ALICE);

        assertThat(first.isCurrent()).isFalse();
        assertThat(this.rooms.members(ROOM)).hasSize(1).allMatch(Membership::isCurrent);
    }

    @Test
    void aSnapshotIsSharedUntilTheMembershipChanges() {
        this.rooms.register(ALICE);
        this.rooms.register(BOB);
        this.rooms.join(ROOM, ALICE);

        List<Membership> before = this.rooms.members(ROOM);
        assertThat(this.rooms.members(ROOM)).isSameAs(before);
        this.rooms.join(ROOM, BOB);
        assertThat(this.rooms.members(ROOM)).isNotSameAs(before).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void behavesLikeTwoMapsOfSets(long seed) {
        Random random = new Random(seed);
        Map<RoutingKey, Set<ConnectionId>> model = new HashMap<>();
        Set<ConnectionId> registered = new HashSet<>();
        for (int step = 0; step < 5_000; step++) {
            RoutingKey key = RoutingKey.room("r" + random.nextInt(6));
            ConnectionId id = new ConnectionId("c" + random.nextInt(12));
            Set<ConnectionId> members = model.computeIfAbsent(key, k -> new HashSet<>());
            switch (random.nextInt(8)) {
                case 0 -> {
                    this.rooms.register(id);
                    registered.add(id);
                }
                case 1 -> {
                    this.rooms.remove(id);
                    registered.remove(id);
                    model.values().forEach(set -> set.remove(id));
                }
                case 2, 3, 4 -> {
                    boolean expected = registered.contains(id) && members.add(id);
                    assertThat(this.rooms.join(key, id).joined())
                            .as("seed %s step %s", seed, step)
                            .isEqualTo(expected);
                }
                default ->
                    assertThat(this.rooms.leave(key, id).left())
                            .as("seed %s step %s", seed, step)
                            .isEqualTo(members.remove(id));
            }
            assertThat(this.rooms.members(key))
                    .extracting(Membership::connectionId)
                    .as("seed %s step %s", seed, step)
                    .containsExactlyInAnyOrderElementsOf(model.get(key));
        }
        assertThat(this.rooms.keyCount()).isEqualTo((int)
                model.values().stream().filter(set -> !set.isEmpty()).count());
    }
}
