package io.github.realtimespring.presence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.testing.PresenceTexts;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Presence of one process: who is told what, and when. */
class PresenceServiceTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final Duration DEBOUNCE = Duration.ofMillis(500);
    private static final Duration GRACE = Duration.ofSeconds(15);

    private final TestTicker ticker = new TestTicker();
    private final Counts counts = new Counts();
    private TestEngine engine = TestEngine.builder().ticker(this.ticker).start();
    private PresenceService presence = presence(1000);
    private final TestTransport screen = new TestTransport();
    private Connection watcher = watcher();

    @AfterEach
    void stop() {
        this.engine.close();
    }

    @Test
    void whoComesIsToldOnceAndWhoLeavesToo() {
        Connection bob = join("bob");
        assertThat(told()).isEmpty();
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1");
        join("al");
        join("eve");
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1", "+al +eve #3");
        this.engine.roomService.leave(bob, ROOM, LeaveReason.CLIENT);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1", "+al +eve #3", "-bob #2");
        goOn(Duration.ofMinutes(5));
        assertThat(told()).hasSize(3);
    }

    @Test
    void aSecondTabIsNoChangeAndTheLastOneIsWhatCounts() {
        Connection first = join("bob");
        goOn(DEBOUNCE);
        Connection second = join("bob");
        goOn(DEBOUNCE);
        first.close(CloseReason.NORMAL);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1");
        second.close(CloseReason.NORMAL);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1", "-bob #0");
    }

    @Test
    void aChangeThatDoesNotLastIsNeverTold() {
        Connection bob = join("bob");
        goOn(DEBOUNCE);
        for (int i = 0; i < 5; i++) {
            this.engine.roomService.leave(bob, ROOM, LeaveReason.CLIENT);
            goOn(Duration.ofMillis(300));
            this.engine.join(bob, ROOM);
            goOn(Duration.ofMillis(300));
        }
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1");
        join("al");
        goOn(Duration.ofMillis(300));
        this.engine.roomService.leave(bob, ROOM, LeaveReason.CLIENT);
        goOn(Duration.ofMillis(300));
        this.engine.join(bob, ROOM);
        goOn(DEBOUNCE);
        assertThat(told()).as("while somebody else is told").containsExactly("=[bob] #1", "+al #2");
        Connection eve = join("eve");
        this.engine.roomService.leave(eve, ROOM, LeaveReason.CLIENT);
        goOn(DEBOUNCE.multipliedBy(3));
        assertThat(told()).containsExactly("=[bob] #1", "+al #2");
        assertThat(this.counts.suppressed.get()).isPositive();
    }

    @Test
    void whoseConnectionWasLostStaysForTheGrace() {
        Connection bob = join("bob");
        goOn(DEBOUNCE);
        bob.closed(CloseReason.ABNORMAL);
        goOn(GRACE.minusSeconds(1));
        assertThat(told()).containsExactly("=[bob] #1");
        Connection again = join("bob");
        goOn(GRACE);
        assertThat(told()).containsExactly("=[bob] #1");
        again.closed(CloseReason.ABNORMAL);
        goOn(GRACE.plus(DEBOUNCE).plusMillis(200));
        assertThat(told()).containsExactly("=[bob] #1", "-bob #0");
    }

    @Test
    void whoIsSupersededStaysForTheGraceToo() {
        Connection old = join("bob");
        goOn(DEBOUNCE);
        old.close(CloseReason.SUPERSEDED);
        goOn(DEBOUNCE.multipliedBy(3));
        assertThat(told()).as("the newer one is about to join").containsExactly("=[bob] #1");
        join("bob");
        goOn(GRACE.multipliedBy(2));
        assertThat(told()).containsExactly("=[bob] #1");
    }

    @Test
    void aUserIsIdleOnlyIfAllTabsAre() {
        Connection first = join("bob");
        Connection second = join("bob");
        goOn(DEBOUNCE);
        this.presence.state(first, ROOM, PresenceState.IDLE);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1");
        this.presence.state(second, ROOM, PresenceState.IDLE);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1", "~bob:idle #1");
        this.presence.state(first, ROOM, PresenceState.ONLINE);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob] #1", "~bob:idle #1", "~bob #1");
    }

    @Test
    void nobodySaysWhatItIsInARoomItIsNotIn() {
        assertThat(this.presence.state(connect("bob"), ROOM, PresenceState.IDLE))
                .isFalse();
    }

    @Test
    void whatIsSaidOfAMemberIsThatOfTheNewestConnection() {
        Connection first = join("bob");
        this.presence.data(first, ROOM, Payload.ofJson("{1}"));
        goOn(DEBOUNCE);
        Connection second = join("bob");
        this.presence.data(second, ROOM, Payload.ofJson("{2}"));
        goOn(DEBOUNCE);
        second.close(CloseReason.NORMAL);
        goOn(DEBOUNCE);
        assertThat(told()).containsExactly("=[bob{1}] #1", "~bob{2} #1", "~bob{1} #1");
    }

    @Test
    void whoComesLaterIsToldHowItIsAndThenWhatChanges() {
        join("bob");
        goOn(DEBOUNCE);
        TestTransport late = new TestTransport();
        Connection latecomer = this.engine.connect(late, Identity.user("late"));
        RoomPresence seen = TestEngine.await(this.presence.watch(latecomer, ROOM));
        assertThat(PresenceTexts.text(seen)).isEqualTo("=[bob] #1");
        join("al");
        goOn(DEBOUNCE);
        assertThat(late.received()).as("not before it was told how it is").isEmpty();
        this.presence.watching(latecomer, ROOM);
        settle();
        assertThat(late.received()).containsExactly("+al #2");
        assertThat(this.presence.unwatch(latecomer, ROOM)).isTrue();
        join("eve");
        goOn(DEBOUNCE);
        assertThat(late.received()).hasSize(1);
    }

    @Test
    void versionsFollowEachOther() {
        List<Long> versions = new ArrayList<>();
        this.presence.watch(ROOM, seen -> versions.add(seen.version()));
        for (String user : List.of("al", "bob", "eve")) {
            join(user);
            goOn(DEBOUNCE);
        }
        assertThat(versions).hasSize(4).startsWith(0L);
        assertThat(versions.get(2)).isEqualTo(versions.get(1) + 1);
        assertThat(versions.get(3)).isEqualTo(versions.get(2) + 1);
    }

    @Test
    void aWatchThatIsClosedBeforeItBeganLeavesNothing() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        restart(key -> inForce);
        List<RoomPresence> seen = new ArrayList<>();
        this.presence.watch(ROOM, seen::add).close();
        inForce.complete(null);
        assertThat(this.presence.watched()).isZero();
        assertThat(seen).isEmpty();
    }

    @Test
    void aWatchThatCannotBeginIsSubscribedAndReadLater() {
        AtomicInteger subscriptions = new AtomicInteger();
        restart(key -> subscriptions.getAndIncrement() < 2
                ? CompletableFuture.failedFuture(new IllegalStateException("expected by the test"))
                : CompletableFuture.completedFuture(null));
        List<RoomPresence> seen = new ArrayList<>();
        this.presence.watch(ROOM, seen::add);
        goOn(Duration.ofMillis(1500));
        assertThat(seen).as("a room that is not subscribed is not known").isEmpty();
        goOn(Duration.ofSeconds(3));
        assertThat(subscriptions).hasValue(3);
        assertThat(seen).containsExactly(RoomPresence.EMPTY);
    }

    @Test
    void whoWatchesGoesOnWhenAskingOnceMoreFails() {
        AtomicBoolean fails = new AtomicBoolean();
        restart(key -> fails.get()
                ? CompletableFuture.failedFuture(new IllegalStateException("expected by the test"))
                : CompletableFuture.completedFuture(null));
        this.watcher = watcher();
        fails.set(true);
        assertThat(this.presence.watch(this.watcher, ROOM)).isCompletedExceptionally();
        assertThat(this.presence.isWatching(this.watcher, ROOM)).isTrue();
        TestTransport other = new TestTransport();
        Connection second = this.engine.connect(other, Identity.ANONYMOUS);
        assertThat(this.presence.watch(second, ROOM)).isCompletedExceptionally();
        assertThat(this.presence.isWatching(second, ROOM)).isFalse();
    }

    @Test
    void manyAreOnlyCountedAndListedAgainWhenTheyAreFewer() {
        this.engine.close();
        this.engine = TestEngine.builder().ticker(this.ticker).start();
        this.presence = presence(10);
        this.watcher = watcher();
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(join("u" + i));
        }
        goOn(DEBOUNCE);
        assertThat(told()).singleElement().asString().startsWith("=[u0 u1").endsWith("#10");
        all.add(join("one-more"));
        goOn(DEBOUNCE);
        this.engine.roomService.leave(all.get(0), ROOM, LeaveReason.CLIENT);
        goOn(DEBOUNCE);
        assertThat(told().subList(1, 3)).containsExactly("#11", "#10");
        assertThat(TestEngine.await(this.presence.members(ROOM)).listed()).isFalse();
        this.engine.roomService.leave(all.get(1), ROOM, LeaveReason.CLIENT);
        goOn(DEBOUNCE);
        assertThat(told())
                .hasSize(4)
                .last()
                .asString()
                .startsWith("=[one-more u2")
                .endsWith("#9");
    }

    @Test
    void aWatcherThatIsBehindIsToldToAskAgain() {
        TestTransport slow = new TestTransport().block();
        Connection behind = this.engine.connect(slow, Identity.user("slow"));
        TestEngine.await(this.presence.watch(behind, ROOM));
        this.presence.watching(behind, ROOM);
        for (int i = 0; i < QueueLimits.DEFAULTS.maxMessages() + 10; i++) {
            join("u" + i);
            goOn(DEBOUNCE);
        }
        slow.unblock();
        assertThat(slow.received().stream().filter("gap:project:42"::equals)).hasSize(1);
        assertThat(slow.closes()).isEmpty();
    }

    @Test
    void thousandWhoJoinWithinASecondCostFewFrames() {
        int encoded = this.engine.frames.encodings();
        for (int i = 0; i < 1000; i++) {
            join("u" + i);
            if (i % 10 == 9) {
                goOn(Duration.ofMillis(10));
            }
        }
        goOn(DEBOUNCE.multipliedBy(4));
        assertThat(told()).hasSizeLessThanOrEqualTo(20).last().asString().endsWith("#1000");
        assertThat(this.engine.frames.encodings() - encoded)
                .as("encoded once for all watchers")
                .isEqualTo(told().size());
        List<Connection> seconds = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            seconds.add(join("u" + i));
        }
        int before = told().size();
        goOn(DEBOUNCE.multipliedBy(4));
        assertThat(told()).hasSize(before);
    }

    @Test
    void aUserIsFoundWhereverItIsConnected() {
        RoutingKey key = RoutingKey.user("bob");
        assertThat(TestEngine.await(this.presence.user(key))).isEqualTo(UserPresence.OFFLINE);
        Connection bob = connect("bob");
        goOn(Duration.ofMillis(100));
        assertThat(TestEngine.await(this.presence.user(key)).state()).isEqualTo(PresenceState.ONLINE);
        bob.close(CloseReason.NORMAL);
        goOn(Duration.ofMillis(100));
        assertThat(TestEngine.await(this.presence.user(key))).isEqualTo(UserPresence.OFFLINE);
    }

    @Test
    void nothingIsKeptOfWhoIsGone() {
        for (int i = 0; i < 50; i++) {
            join("u" + i).closed(CloseReason.ABNORMAL);
        }
        assertThat(this.presence.users()).isEqualTo(50);
        goOn(GRACE.plus(DEBOUNCE).plusSeconds(1));
        assertThat(this.presence.users()).isZero();
        assertThat(this.presence.unwatch(this.watcher, ROOM)).isTrue();
        assertThat(this.presence.watched()).isZero();
    }

    @Test
    void anonymousConnectionsAreNotListed() {
        this.engine.join(this.engine.connect(new TestTransport(), Identity.ANONYMOUS), ROOM);
        goOn(DEBOUNCE);
        assertThat(told()).isEmpty();
        assertThat(this.presence.localMembers(ROOM)).isEmpty();
    }

    /** Begins anew without a watcher; {@code subscriber} answers for the backplane. */
    private void restart(Function<RoutingKey, CompletionStage<Void>> subscriber) {
        this.engine.close();
        BackplaneAdapter local = new LocalBackplane(new MemoryStreams(HistoryLimits.DEFAULTS, this.ticker));
        BackplaneAdapter backplane = (BackplaneAdapter) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BackplaneAdapter.class},
                (proxy, method, arguments) -> method.getName().equals("subscribe")
                        ? subscriber.apply((RoutingKey) arguments[0])
                        : method.invoke(local, arguments));
        this.engine =
                TestEngine.builder().ticker(this.ticker).backplane(backplane).start();
        this.presence = presence(1000);
    }

    private PresenceService presence(int maxListed) {
        PresenceSettings settings =
                new PresenceSettings(DEBOUNCE, GRACE, Duration.ofSeconds(30), maxListed, 1024, true, false);
        return new PresenceService(
                new PresenceService.Engine(
                        "node",
                        this.engine.rooms,
                        this.engine.connections,
                        this.engine.roomService,
                        this.engine.local,
                        this.engine.fanout,
                        this.engine.backplane),
                new LocalShardRouter("node", 16),
                new MemoryPresenceStore(this.ticker),
                new PresenceTexts(),
                settings,
                this.counts,
                this.ticker);
    }

    private Connection watcher() {
        Connection connection = this.engine.connect(this.screen, Identity.ANONYMOUS);
        TestEngine.await(this.presence.watch(connection, ROOM));
        this.presence.watching(connection, ROOM);
        return connection;
    }

    private Connection connect(String user) {
        Connection connection = this.engine.connect(new TestTransport(), Identity.user(user));
        this.presence.connected(connection);
        return connection;
    }

    private Connection join(String user) {
        Connection connection = connect(user);
        this.engine.join(connection, ROOM);
        return connection;
    }

    /** Time goes by, as the thread of presence sees it; what begins at its end is done as well. */
    private void goOn(Duration duration) {
        for (long millis = duration.toMillis(); millis > 0; millis -= 100) {
            this.presence.tick();
            this.ticker.advance(Duration.ofMillis(Math.min(millis, 100)));
        }
        this.presence.tick();
        settle();
    }

    private void settle() {
        await().pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> this.engine.fanout.pending() == 0);
    }

    private List<String> told() {
        return this.screen.received();
    }

    private static final class Counts implements PresenceObserver {

        private final AtomicInteger suppressed = new AtomicInteger();

        @Override
        public void suppressed(int changes) {
            this.suppressed.addAndGet(changes);
        }
    }
}
