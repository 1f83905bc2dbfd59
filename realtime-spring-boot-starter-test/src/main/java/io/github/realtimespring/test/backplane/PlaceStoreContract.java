package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.registry.PlaceStore.Answer;
import io.github.realtimespring.registry.PlaceStore.Claim;
import io.github.realtimespring.registry.PlaceStore.Holder;
import io.github.realtimespring.registry.PlaceStore.Place;
import io.github.realtimespring.registry.PlaceStore.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every {@link PlaceStore} has to do, for two nodes of one application. Extend it for a store; each test has a user of
 * its own, so a server may serve all of them.
 *
 * @since 0.1.0
 */
public abstract class PlaceStoreContract {

    private final RoutingKey user = RoutingKey.user("contract-" + EventId.next(System.currentTimeMillis()));

    /** What one of two nodes, number 0 or 1, has of the store. */
    protected abstract PlaceStore store(int node);

    /** Lets the time of a lease pass. */
    protected abstract void passLease() throws InterruptedException;

    /** Lets most of the time of a lease pass, so that two of these are longer than one lease. */
    protected abstract void passMostOfLease() throws InterruptedException;

    /** Makes the store forget everything. */
    protected abstract void forget();

    private Claim claim(int node, DuplicatePolicy policy) {
        return claim(node, null, null, policy);
    }

    private Claim claim(int node, @Nullable String device, @Nullable String returning, DuplicatePolicy policy) {
        ConnectionId connection = ConnectionId.random();
        return new Claim(this.user, connection, "node" + node, device, "name-of-" + connection, returning, policy);
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private Answer ask(int node, Claim claim) {
        return get(store(node).claim(claim));
    }

    private Place granted(int node, Claim claim) {
        Answer answer = ask(node, claim);
        assertThat(answer.verdict()).isEqualTo(Verdict.GRANTED);
        assertThat(answer.sequence()).isPositive();
        return new Place(claim, answer.sequence());
    }

    private void refused(int node, Claim claim) {
        assertThat(ask(node, claim)).isEqualTo(new Answer(Verdict.TAKEN, 0, List.of()));
    }

    private static Holder holder(Place place) {
        return new Holder(place.claim().connection(), place.claim().node());
    }

    private Set<ConnectionId> lost(int node, Place... places) {
        return get(store(node).renew(List.of(places)));
    }

    @Test
    void theNewestTakesThePlaceOfWhoWasOnTheOtherNode() {
        Place older = granted(0, claim(0, DuplicatePolicy.NEWEST_WINS));
        Claim newer = claim(1, DuplicatePolicy.NEWEST_WINS);

        Answer answer = ask(1, newer);

        assertThat(answer.verdict()).isEqualTo(Verdict.GRANTED);
        assertThat(answer.sequence()).isGreaterThan(older.sequence());
        assertThat(answer.superseded()).containsExactly(holder(older));
        assertThat(lost(0, older)).containsExactly(older.claim().connection());
        assertThat(lost(1, new Place(newer, answer.sequence()))).isEmpty();
    }

    @Test
    void theOlderStaysUnderRejectUntilItGivesItsPlaceBack() {
        Place older = granted(0, claim(0, DuplicatePolicy.REJECT));

        refused(1, claim(1, DuplicatePolicy.REJECT));
        refused(0, claim(0, DuplicatePolicy.REJECT));
        assertThat(lost(0, older)).isEmpty();
        get(store(0).giveBack(this.user, older.claim().connection()));

        granted(1, claim(1, DuplicatePolicy.REJECT));
    }

    @Test
    void aLimitCountsTheConnectionsOfAllNodes() {
        DuplicatePolicy three = DuplicatePolicy.limit(3);
        Place first = granted(0, claim(0, three));
        granted(1, claim(1, three));
        granted(1, claim(1, three));

        refused(0, claim(0, three));
        refused(1, claim(1, three));
        get(store(0).giveBack(this.user, first.claim().connection()));
        granted(1, claim(1, three));
        refused(0, claim(0, three));
    }

    @Test
    void aPolicyPerDeviceLooksAtTheSameDeviceOnly() {
        DuplicatePolicy perDevice = DuplicatePolicy.REJECT.onSameDevice();
        granted(0, claim(0, "phone", null, perDevice));
        granted(1, claim(1, "laptop with a long name \u2764 and blanks", null, perDevice));
        granted(1, claim(1, null, null, perDevice));

        refused(1, claim(1, "phone", null, perDevice));
        refused(0, claim(0, "laptop with a long name \u2764 and blanks", null, perDevice));
        refused(0, claim(0, null, null, perDevice));
        refused(0, claim(0, "tablet", null, DuplicatePolicy.limit(3)));
    }

    @Test
    void usersAndTenantsAreApart() {
        granted(0, claim(0, DuplicatePolicy.REJECT));
        Claim same = claim(1, DuplicatePolicy.REJECT);
        for (RoutingKey other : List.of(this.user.withTenant("acme"), RoutingKey.user(this.user.id() + " {x}:y"))) {
            assertThat(ask(1, new Claim(other, same.connection(), "node1", null, "n", null, same.policy()))
                            .verdict())
                    .isEqualTo(Verdict.GRANTED);
        }
    }

    @Test
    void whoIsAllowedHasAPlaceThatOthersSee() {
        Place allowed = granted(0, claim(0, DuplicatePolicy.ALLOW));
        granted(1, claim(1, DuplicatePolicy.ALLOW));

        refused(1, claim(1, DuplicatePolicy.limit(2)));
        assertThat(ask(1, claim(1, DuplicatePolicy.NEWEST_WINS)).superseded())
                .hasSize(2)
                .contains(holder(allowed));
    }

    @ParameterizedTest
    @EnumSource(
            value = DuplicatePolicy.Rule.class,
            names = {"REJECT", "LIMIT"})
    void aClientThatComesBackReplacesItsOwnPlaceAtOnce(DuplicatePolicy.Rule rule) {
        DuplicatePolicy policy = new DuplicatePolicy(rule, 1, false);
        Place before = granted(0, claim(0, policy));

        refused(1, claim(1, null, "somebody-else", policy));
        Claim back = claim(1, null, before.claim().session(), policy);
        Answer answer = ask(1, back);

        assertThat(answer.verdict()).isEqualTo(Verdict.GRANTED);
        assertThat(answer.superseded()).containsExactly(holder(before));
        // It may say the name that it was told first once more.
        Claim again = claim(0, null, before.claim().session(), policy);
        assertThat(ask(0, again).superseded()).containsExactly(new Holder(back.connection(), "node1"));
        refused(1, claim(1, policy));
    }

    @Test
    void whoHasAPlaceKeepsItAndLeavesTheOneBehindThatWasItsOwn() {
        DuplicatePolicy two = DuplicatePolicy.limit(2);
        Place before = granted(0, claim(0, two));
        Place back = granted(1, claim(1, two));

        assertThat(ask(1, back.claim())).isEqualTo(new Answer(Verdict.GRANTED, back.sequence(), List.of()));
        assertThat(ask(1, back.claim().returning(before.claim().session())))
                .isEqualTo(new Answer(Verdict.GRANTED, back.sequence(), List.of(holder(before))));
        granted(0, claim(0, two));
    }

    @Test
    void aPlaceThatIsNotRenewedEnds() throws InterruptedException {
        Place dead = granted(0, claim(0, DuplicatePolicy.REJECT));
        passLease();
        granted(1, claim(1, DuplicatePolicy.REJECT));
        assertThat(lost(0, dead)).containsExactly(dead.claim().connection());
    }

    @Test
    void aPlaceThatIsRenewedLasts() throws InterruptedException {
        Place alive = granted(0, claim(0, DuplicatePolicy.REJECT));
        for (int i = 0; i < 3; i++) {
            passMostOfLease();
            assertThat(lost(0, alive)).isEmpty();
        }
        refused(1, claim(1, DuplicatePolicy.REJECT));
    }

    @Test
    void whoWasLetInIsNotSentAwayWhenTheStoreIsBack() {
        Place one = granted(0, claim(0, DuplicatePolicy.REJECT));
        forget();
        // Let in while nobody could be asked.
        Claim other = claim(1, DuplicatePolicy.REJECT);

        assertThat(lost(0, one)).containsExactly(one.claim().connection());
        assertThat(get(store(1).restore(new Place(other, 0))).verdict()).isEqualTo(Verdict.GRANTED);
        assertThat(get(store(0).restore(one))).isEqualTo(new Answer(Verdict.GRANTED, one.sequence(), List.of()));
        refused(1, claim(1, DuplicatePolicy.REJECT));
        get(store(1).giveBack(this.user, other.connection()));
        refused(1, claim(1, DuplicatePolicy.REJECT));
    }

    @Test
    void whoWasSupersededWhileItsNodeWasPausedStaysSo() throws InterruptedException {
        Place paused = granted(0, claim(0, DuplicatePolicy.NEWEST_WINS));
        passLease();
        Place newer = granted(1, claim(1, DuplicatePolicy.NEWEST_WINS));

        assertThat(get(store(0).restore(paused)).verdict()).isEqualTo(Verdict.SUPERSEDED);
        assertThat(lost(1, newer)).isEmpty();
    }

    @Test
    void afterALossOfTheStoreTheNewestWinsInEitherOrder() {
        Place older = granted(0, claim(0, DuplicatePolicy.NEWEST_WINS));
        get(store(0).giveBack(this.user, older.claim().connection()));
        Place newer = granted(1, claim(1, DuplicatePolicy.NEWEST_WINS));
        forget();

        assertThat(get(store(0).restore(older)).verdict()).isEqualTo(Verdict.GRANTED);
        assertThat(get(store(1).restore(newer)))
                .isEqualTo(new Answer(Verdict.GRANTED, newer.sequence(), List.of(holder(older))));
        assertThat(get(store(0).restore(older)).verdict()).isEqualTo(Verdict.SUPERSEDED);
        assertThat(ask(0, claim(0, DuplicatePolicy.NEWEST_WINS)).sequence()).isGreaterThan(newer.sequence());
    }

    @Test
    void whoWasLetInWithoutAPlaceIsAsOldAsItsConnection() {
        Place older = granted(0, claim(0, DuplicatePolicy.NEWEST_WINS));
        // Both came while the store was away: one long ago, one just now.
        Place oldest = new Place(claim(1, DuplicatePolicy.NEWEST_WINS), 0, Duration.ofMinutes(1));
        Place newest = new Place(claim(1, DuplicatePolicy.NEWEST_WINS), 0, Duration.ZERO);

        assertThat(get(store(1).restore(oldest)).verdict()).isEqualTo(Verdict.SUPERSEDED);
        assertThat(lost(0, older)).isEmpty();
        Answer answer = get(store(1).restore(newest));

        assertThat(answer.superseded()).containsExactly(holder(older));
        assertThat(answer.sequence()).isGreaterThan(older.sequence());
        assertThat(get(store(1).restore(oldest)).verdict()).isEqualTo(Verdict.SUPERSEDED);
        assertThat(ask(0, claim(0, DuplicatePolicy.NEWEST_WINS)).sequence()).isGreaterThan(answer.sequence());
    }

    /** The victim closes while it is being superseded: its end comes after the other one has the place. */
    @Test
    void whatASupersededConnectionGivesBackIsNotThePlaceOfTheOther() {
        Place older = granted(0, claim(0, DuplicatePolicy.NEWEST_WINS));
        Place newer = granted(1, claim(1, DuplicatePolicy.NEWEST_WINS));

        get(store(0).giveBack(this.user, older.claim().connection()));
        get(store(0).giveBack(this.user, older.claim().connection()));

        assertThat(lost(1, newer)).isEmpty();
    }

    @Test
    void manyPlacesAreRenewedTogether() {
        List<CompletionStage<Place>> asked = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            Claim claim = new Claim(
                    RoutingKey.user(this.user.id() + "-" + i % 650),
                    ConnectionId.random(),
                    "node0",
                    null,
                    "n" + i,
                    null,
                    DuplicatePolicy.limit(2));
            asked.add(store(0).claim(claim).thenApply(answer -> new Place(claim, answer.sequence())));
        }
        List<Place> places = asked.stream().map(PlaceStoreContract::get).toList();
        Place gone = places.get(333);
        get(store(0).giveBack(gone.claim().user(), gone.claim().connection()));

        assertThat(get(store(0).renew(places))).containsExactly(gone.claim().connection());
        assertThat(get(store(0).renew(List.of()))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(
            value = DuplicatePolicy.Rule.class,
            names = {"REJECT", "LIMIT", "NEWEST_WINS"})
    void whenTwoNodesAskAtTheSameMomentAsManyStayAsThePolicySays(DuplicatePolicy.Rule rule) throws Exception {
        DuplicatePolicy policy = new DuplicatePolicy(rule, 2, false);
        int most = rule == DuplicatePolicy.Rule.LIMIT ? 2 : 1;
        ExecutorService threads = Executors.newFixedThreadPool(6);
        try {
            for (int round = 0; round < 30; round++) {
                RoutingKey contested = RoutingKey.user(this.user.id() + "-round-" + round);
                CountDownLatch start = new CountDownLatch(1);
                List<Future<@Nullable Place>> asked = new ArrayList<>();
                for (int i = 0; i < 6; i++) {
                    int node = i % 2;
                    Claim claim =
                            new Claim(contested, ConnectionId.random(), "node" + node, null, "n" + i, null, policy);
                    asked.add(threads.submit(() -> {
                        start.await();
                        Answer answer = ask(node, claim);
                        return answer.verdict() == Verdict.GRANTED ? new Place(claim, answer.sequence()) : null;
                    }));
                }
                start.countDown();
                List<Place> granted = new ArrayList<>();
                for (Future<@Nullable Place> place : asked) {
                    Place given = place.get(10, TimeUnit.SECONDS);
                    if (given != null) {
                        granted.add(given);
                    }
                }
                int stayed = granted.size() - get(store(0).renew(granted)).size();
                assertThat(stayed).as("round %s", round).isEqualTo(most);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
