package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.presence.PresenceStore.Derivation;
import io.github.realtimespring.presence.PresenceStore.Report;
import io.github.realtimespring.presence.PresenceStore.Terms;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.presence.UserPresence;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link PresenceStore} has to do. Extend it for a store; each test has an empty one.
 *
 * @since 0.1.0
 */
public abstract class PresenceStoreContract {

    private static final int BUCKET = 17;
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(300);

    private final RoutingKey room = RoutingKey.room("project:42").withTenant("acme");
    private final String a = "a-" + EventId.next(System.currentTimeMillis());
    private final String b = "b-" + EventId.next(System.currentTimeMillis());
    private PresenceStore store;
    private Map<RoutingKey, Long> published = Map.of();

    /** Makes a store that is empty and can be reached. */
    protected abstract PresenceStore store();

    @BeforeEach
    void makeStore() {
        this.store = store();
    }

    @Test
    void whatIsReportedIsDerivedOnceAndRead() {
        assertThat(read()).isEqualTo(RoomPresence.EMPTY);
        report(this.a, LEASE, online("bob"), online("al"));
        PresenceChange change = only(derive());
        assertThat(change.room()).isEqualTo(this.room);
        assertThat(change.joined()).extracting(Member::user).containsExactlyInAnyOrder("al", "bob");
        assertThat(change.count()).isEqualTo(2);
        assertThat(change.previous()).isZero();
        assertThat(change.version()).isPositive();
        RoomPresence read = read();
        assertThat(read.version()).isEqualTo(change.version());
        assertThat(read.members()).extracting(Member::user).containsExactly("al", "bob");
        assertThat(derive().changes()).isEmpty();
    }

    @Test
    void whatIsSaidTwiceChangesNothing() {
        report(this.a, LEASE, online("bob"));
        derive();
        report(this.a, LEASE, online("bob"), gone("nobody"));
        Derivation derived = derive();
        assertThat(derived.changes()).isEmpty();
        assertThat(derived.next()).isEqualTo(-1);
    }

    @Test
    void versionsFollowEachOther() {
        report(this.a, LEASE, online("bob"));
        PresenceChange first = only(derive());
        report(this.a, LEASE, gone("bob"), online("al"));
        PresenceChange second = only(derive());
        assertThat(second.previous()).isEqualTo(first.version());
        assertThat(second.version()).isEqualTo(first.version() + 1);
        assertThat(second.left()).containsExactly("bob");
        report(this.a, LEASE, gone("al"));
        PresenceChange third = only(derive());
        assertThat(third.count()).isZero();
        report(this.a, LEASE, online("al"));
        assertThat(only(derive()).previous()).as("of a room that was empty").isEqualTo(third.version());
    }

    @Test
    void aUserOnTwoNodesIsThereUntilBothSayOtherwise() {
        report(this.a, LEASE, online("bob"));
        report(this.b, LEASE, online("bob"));
        assertThat(only(derive()).count()).isEqualTo(1);
        report(this.a, LEASE, gone("bob"));
        assertThat(derive().changes()).isEmpty();
        report(this.b, LEASE, gone("bob"));
        assertThat(only(derive()).left()).containsExactly("bob");
    }

    @Test
    void aUserIsOnlineIfItIsAnywhere() {
        report(this.a, LEASE, said("bob", PresenceState.IDLE, null));
        assertThat(only(derive()).joined()).containsExactly(Member.of("bob", PresenceState.IDLE));
        report(this.b, LEASE, online("bob"));
        assertThat(only(derive()).changed()).containsExactly(Member.of("bob", PresenceState.ONLINE));
        report(this.a, LEASE, gone("bob"));
        assertThat(derive().changes()).isEmpty();
    }

    @Test
    void dataIsKeptToTheByteAndThatOfTheLastReportCounts() {
        String hostile = "{\"a\\u0000\":\"\u2028\ud83d\ude00 \\\\ \\\" ' %s } ] --\",\"n\":1e300}";
        report(this.a, LEASE, said("b\u00f6b \ud83d\ude00 \"x\" {1}", PresenceState.ONLINE, hostile));
        Member member = only(derive()).joined().get(0);
        assertThat(member.user()).isEqualTo("b\u00f6b \ud83d\ude00 \"x\" {1}");
        assertThat(text(member.data())).isEqualTo(hostile);
        assertThat(text(read().members().get(0).data())).isEqualTo(hostile);
        sleepAMoment();
        report(this.b, LEASE, said(member.user(), PresenceState.ONLINE, "{\"b\":2}"));
        assertThat(text(only(derive()).changed().get(0).data())).isEqualTo("{\"b\":2}");
        report(this.b, LEASE, said(member.user(), PresenceState.ONLINE, null));
        assertThat(only(derive()).changed().get(0).data()).isNull();
    }

    @Test
    void aChangeCountsWhenItHasLasted() {
        report(this.a, LEASE, online("bob"));
        Derivation early = derive(1, Duration.ofSeconds(20), true, 1000, 1000);
        assertThat(early.changes()).isEmpty();
        assertThat(early.next()).isBetween(10_000L, 20_000L);
        sleepAMoment();
        report(this.a, LEASE, gone("bob"));
        Derivation undone = derive();
        assertThat(undone.changes()).isEmpty();
        assertThat(undone.suppressed()).isEqualTo(1);
        assertThat(read()).isEqualTo(RoomPresence.EMPTY);
    }

    @Test
    void whoGoesBackAndForthCannotHide() {
        Duration debounce = Duration.ofMillis(500);
        AtomicInteger changes = new AtomicInteger();
        await().pollInterval(Duration.ofMillis(10)).untilAsserted(() -> {
            boolean idle = changes.getAndIncrement() % 2 == 1;
            report(this.a, LEASE, said("bob", idle ? PresenceState.IDLE : PresenceState.ONLINE, null));
            assertThat(derive(1, debounce, true, 1000, 1000).changes()).hasSize(1);
        });
        assertThat(read().count()).isEqualTo(1);
    }

    @Test
    void whatIsNotPublishedIsToldAgain() {
        report(this.a, LEASE, online("bob"));
        PresenceChange change = only(this.store.derive(BUCKET, 1, terms(Duration.ZERO, true, 1000, 1000)));
        PresenceChange again = only(this.store.derive(BUCKET, 2, terms(Duration.ZERO, true, 1000, 1000)));
        assertThat(again.version()).isEqualTo(change.version());
        assertThat(again.previous()).isEqualTo(PresenceChange.NONE);
        assertThat(again.count()).isEqualTo(1);
        this.published = Map.of(this.room, change.version());
        assertThat(get(this.store.derive(BUCKET, 2, terms(Duration.ZERO, true, 1000, 1000)))
                        .changes())
                .isEmpty();
    }

    @Test
    void anOwnerThatWasReplacedIsRefused() {
        report(this.a, LEASE, online("bob"));
        assertThat(derive(7).changes()).hasSize(1);
        report(this.a, LEASE, online("al"));
        assertThat(derive(6).refused()).isTrue();
        assertThat(read().count()).isEqualTo(1);
        assertThat(derive(7).changes()).hasSize(1);
        assertThat(derive(8).refused()).isFalse();
    }

    @Test
    void aNodeThatIsNotHeardOfTakesItsUsersAlong() {
        assertThat(report(this.a, SHORT, online("bob"), online("al"))).isFalse();
        assertThat(report(this.a, SHORT)).isTrue();
        report(this.b, LEASE, online("al"));
        derive();
        await().pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(derive().changes())
                        .singleElement()
                        .satisfies(change -> {
                            assertThat(change.left()).containsExactly("bob");
                            assertThat(change.count()).isEqualTo(1);
                        }));
        assertThat(report(this.a, LEASE, online("bob")))
                .as("it has to say everything again")
                .isFalse();
        assertThat(only(derive()).joined()).extracting(Member::user).containsExactly("bob");
    }

    @Test
    void noLeaseEndsWhileTheOwnerDoesNotTrustItsSight() {
        report(this.a, Duration.ofMillis(1), online("bob"));
        sleepAMoment();
        assertThat(derive(1, Duration.ZERO, false, 1000, 1000).changes()).hasSize(1);
        report(this.a, LEASE);
        assertThat(derive().changes()).isEmpty();
    }

    @Test
    void manyAreCountedOnly() {
        List<Report> reports = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            reports.add(online("u" + i));
        }
        get(this.store.report(BUCKET, this.a, LEASE, reports));
        assertThat(only(derive(1, Duration.ZERO, true, 1000, 10)).listed()).isTrue();
        report(this.a, LEASE, online("more"));
        PresenceChange counted = only(derive(1, Duration.ZERO, true, 1000, 10));
        assertThat(counted.listed()).isFalse();
        assertThat(counted.joined()).isEmpty();
        assertThat(counted.count()).isEqualTo(11);
        assertThat(read()).isEqualTo(new RoomPresence(counted.version(), 11, false, List.of()));
        report(this.a, LEASE, gone("u0"), gone("u1"));
        PresenceChange fewer = only(derive(1, Duration.ZERO, true, 1000, 10));
        assertThat(fewer.listed()).isTrue();
        assertThat(fewer.previous()).as("nobody has a list to change").isEqualTo(PresenceChange.NONE);
        assertThat(read().members()).hasSize(9);
    }

    @Test
    void oneCallLooksAtABoundedNumberOfUsers() {
        List<Report> reports = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            reports.add(online("u" + i));
        }
        get(this.store.report(BUCKET, this.a, LEASE, reports));
        Derivation first = derive(1, Duration.ZERO, true, 10, 1000);
        assertThat(first.changes().get(0).count()).isEqualTo(10);
        assertThat(first.next()).isZero();
        derive(1, Duration.ZERO, true, 10, 1000);
        Derivation last = derive(1, Duration.ZERO, true, 10, 1000);
        assertThat(last.changes().get(0).count()).isEqualTo(25);
        assertThat(last.next()).isEqualTo(-1);
    }

    @Test
    void aUserIsFoundOnEveryNodeThatIsHeardOf() {
        RoutingKey user = new RoutingKey(RoutingKey.Kind.USER, "acme", "bob");
        assertThat(find(user)).isEqualTo(UserPresence.OFFLINE);
        get(this.store.report(BUCKET, this.a, LEASE, List.of(new Report(user, "bob", PresenceState.IDLE, null))));
        get(this.store.report(BUCKET, this.b, SHORT, List.of(new Report(user, "bob", PresenceState.ONLINE, null))));
        assertThat(find(user).state()).isEqualTo(PresenceState.ONLINE);
        assertThat(find(user).nodes()).containsExactlyInAnyOrder(this.a, this.b);
        await().pollInterval(Duration.ofMillis(10))
                .untilAsserted(() -> assertThat(find(user).nodes()).containsExactly(this.a));
        assertThat(find(user).state()).isEqualTo(PresenceState.IDLE);
        assertThat(derive().changes()).as("nobody watches that").isEmpty();
        get(this.store.report(BUCKET, this.a, LEASE, List.of(new Report(user, "bob", PresenceState.OFFLINE, null))));
        assertThat(find(user)).isEqualTo(UserPresence.OFFLINE);
    }

    @Test
    void bucketsAndRoomsAreApart() {
        report(this.a, LEASE, online("bob"));
        RoutingKey other = RoutingKey.room("project:42");
        get(this.store.report(BUCKET, this.a, LEASE, List.of(new Report(other, "eve", PresenceState.ONLINE, null))));
        assertThat(derive().changes()).hasSize(2);
        assertThat(get(this.store.read(BUCKET, other, 1000)).members())
                .extracting(Member::user)
                .containsExactly("eve");
        assertThat(get(this.store.read(BUCKET + 1, this.room, 1000))).isEqualTo(RoomPresence.EMPTY);
        assertThat(get(this.store.derive(BUCKET + 1, 1, terms(Duration.ZERO, true, 10, 10)))
                        .idle())
                .isTrue();
    }

    private boolean report(String origin, Duration lease, Report... reports) {
        return get(this.store.report(BUCKET, origin, lease, List.of(reports)));
    }

    private Report online(String user) {
        return said(user, PresenceState.ONLINE, null);
    }

    private Report gone(String user) {
        return said(user, PresenceState.OFFLINE, null);
    }

    private Report said(String user, PresenceState state, @Nullable String data) {
        return new Report(this.room, user, state, data == null ? null : Payload.ofJson(data));
    }

    private Derivation derive() {
        return derive(1);
    }

    private Derivation derive(long token) {
        return derive(token, Duration.ZERO, true, 1000, 1000);
    }

    /** What it gives counts as published at the next call. */
    private Derivation derive(long token, Duration debounce, boolean expire, int limit, int maxListed) {
        Derivation derived = get(this.store.derive(BUCKET, token, terms(debounce, expire, limit, maxListed)));
        if (!derived.refused()) {
            Map<RoutingKey, Long> versions = new java.util.HashMap<>();
            derived.changes().forEach(change -> versions.put(change.room(), change.version()));
            this.published = versions;
        }
        return derived;
    }

    private Terms terms(Duration debounce, boolean expire, int limit, int maxListed) {
        return new Terms(debounce, expire, limit, maxListed, this.published);
    }

    private RoomPresence read() {
        return get(this.store.read(BUCKET, this.room, 1000));
    }

    private UserPresence find(RoutingKey user) {
        return get(this.store.find(BUCKET, user));
    }

    private static PresenceChange only(Derivation derived) {
        assertThat(derived.changes()).hasSize(1);
        return derived.changes().get(0);
    }

    private static PresenceChange only(CompletionStage<Derivation> derived) {
        return only(get(derived));
    }

    private static String text(@Nullable Payload payload) {
        return payload == null ? "" : new String(payload.bytes(), StandardCharsets.UTF_8);
    }

    /** The clock of the store shows another millisecond. */
    private static void sleepAMoment() {
        long before = System.currentTimeMillis();
        await().pollInterval(Duration.ofMillis(1)).until(() -> System.currentTimeMillis() > before + 2);
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }
}
