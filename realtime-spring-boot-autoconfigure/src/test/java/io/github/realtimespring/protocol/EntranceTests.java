package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.MemoryPlaceStore;
import io.github.realtimespring.registry.PlaceListener;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.registry.Places;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a connection gets in where other nodes have to be asked: two nodes that share a store. */
class EntranceTests {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Answers when the test says so. */
    private static final class SlowStore implements PlaceStore {

        private final MemoryPlaceStore places = new MemoryPlaceStore();
        private final List<Runnable> waiting = new CopyOnWriteArrayList<>();
        private volatile boolean slow;
        /** Questions take their time, too: they are decided when the test says so. */
        private volatile boolean far;

        private volatile boolean down;

        private <T> CompletionStage<T> later(Supplier<CompletionStage<T>> question) {
            if (this.far) {
                return late(question);
            }
            CompletionStage<T> answer = question.get();
            return this.slow ? late(() -> answer) : answer;
        }

        private <T> CompletionStage<T> late(Supplier<CompletionStage<T>> question) {
            CompletableFuture<T> late = new CompletableFuture<>();
            this.waiting.add(
                    () -> late.complete(question.get().toCompletableFuture().join()));
            return late;
        }

        void answer() {
            List<Runnable> now = new ArrayList<>(this.waiting);
            this.waiting.removeAll(now);
            now.forEach(Runnable::run);
        }

        /** The last one that asked comes first. */
        void answerBackwards() {
            Collections.reverse(this.waiting);
            answer();
        }

        @Override
        public CompletionStage<Answer> claim(Claim claim) {
            return this.down
                    ? CompletableFuture.failedFuture(new IllegalStateException("down"))
                    : later(() -> this.places.claim(claim));
        }

        @Override
        public CompletionStage<Set<ConnectionId>> renew(Collection<Place> places) {
            return this.places.renew(places);
        }

        @Override
        public CompletionStage<Answer> restore(Place place) {
            return this.places.restore(place);
        }

        @Override
        public CompletionStage<Void> giveBack(RoutingKey user, ConnectionId connection) {
            return this.places.giveBack(user, connection);
        }
    }

    private final SlowStore store = new SlowStore();
    private final List<PlaceListener.Change> changes = new CopyOnWriteArrayList<>();
    private final List<ConnectionId> elsewhere = new CopyOnWriteArrayList<>();
    private Duration patience = LONG;
    private ProtocolFixture here;
    private ProtocolFixture there;
    private Places herePlaces;

    private void start() {
        this.herePlaces = places("here");
        this.here = new ProtocolFixture(this.herePlaces);
        this.there = new ProtocolFixture(places("there"));
    }

    private Places places(String node) {
        return new Places(
                this.store,
                node,
                null,
                this.patience,
                (user, connections) -> this.elsewhere.addAll(connections),
                (change, number) -> this.changes.add(change));
    }

    @AfterEach
    void close() {
        this.here.close();
        this.there.close();
    }

    private static Client connect(ProtocolFixture node, DuplicatePolicy policy) {
        return node.client(ProtocolFixture.handshake("alice", null, policy));
    }

    private static String session(Client client) {
        return client.frames("welcome").get(0).get("session").stringValue();
    }

    private static DuplicatePolicy one(DuplicatePolicy.Rule rule) {
        return new DuplicatePolicy(rule, 1, false);
    }

    @ParameterizedTest
    @EnumSource(
            value = DuplicatePolicy.Rule.class,
            names = {"REJECT", "LIMIT"})
    void aClientThatComesBackToTheSameNodeReplacesItsConnectionByItsFirstFrame(DuplicatePolicy.Rule rule) {
        start();
        Client lost = connect(this.here, one(rule));
        Client back = connect(this.here, one(rule));
        assertThat(back.frames()).isEmpty();
        assertThat(back.closeCodes()).isEmpty();

        back.send("{'type':'hello','session':'" + session(lost) + "'}");

        assertThat(lost.closeCodes()).containsExactly(4409);
        assertThat(back.frames("welcome")).hasSize(1);
        back.join(1, "project:42").assertAnswered(1, "joined");
        this.here.assertConsistent();
    }

    @ParameterizedTest
    @EnumSource(
            value = DuplicatePolicy.Rule.class,
            names = {"REJECT", "LIMIT"})
    void aClientThatComesBackToAnotherNodeReplacesItsPlace(DuplicatePolicy.Rule rule) {
        start();
        Client lost = connect(this.there, one(rule));
        Client back = connect(this.here, one(rule));
        assertThat(back.frames()).isEmpty();

        back.send("{'type':'hello','session':'" + session(lost) + "'}");

        assertThat(back.frames("welcome")).hasSize(1);
        assertThat(this.elsewhere).containsExactly(lost.session.connection().id());
        assertThat(this.store.places.size()).isEqualTo(1);
    }

    @Test
    void whoGoesWhileItIsAskedForItsNameIsNotWaitedFor() {
        start();
        connect(this.here, DuplicatePolicy.REJECT);
        Client asked = connect(this.here, DuplicatePolicy.REJECT);
        assertThat(this.here.sessions.entering()).isEqualTo(1);

        asked.session.closed(CloseReason.ABNORMAL);
        this.here.executor.runAll();

        assertThat(this.here.sessions.entering()).isZero();
        assertThat(asked.session.isIdle()).isTrue();
        assertThat(asked.frames()).isEmpty();
    }

    @Test
    void aStrangerIsRefusedAfterAMomentAndOneWithAWrongNameAtOnce() {
        this.patience = Duration.ofMillis(50);
        start();
        Client first = connect(this.there, DuplicatePolicy.REJECT);
        Client silent = connect(this.here, DuplicatePolicy.REJECT);
        await().atMost(PATIENCE).until(() -> silent.closeCodes().equals(List.of(4409)));
        assertThat(silent.frames("welcome")).isEmpty();

        Client wrong = connect(this.here, DuplicatePolicy.REJECT);
        wrong.send("{'type':'hello','session':'AAAAAAAAAAAAAAAAAAAAAA'}");
        await().atMost(PATIENCE).until(() -> wrong.closeCodes().equals(List.of(4409)));
        assertThat(first.closeCodes()).isEmpty();
        assertThat(this.here.listener.told)
                .filteredOn(told -> told.startsWith("refused") || told.startsWith("opened"))
                .containsExactly("refused 4409", "refused 4409");
        assertThat(this.here.connections.size()).isZero();
    }

    @Test
    void whoHasRoomLeavesItsOldPlaceBehindWhenItSaysItsName() {
        start();
        DuplicatePolicy two = DuplicatePolicy.limit(2);
        Client lost = connect(this.there, two);
        Client back = connect(this.here, two);
        assertThat(back.frames("welcome")).hasSize(1);
        assertThat(this.store.places.size()).isEqualTo(2);

        back.send("{'type':'hello','session':'" + session(lost) + "'}");

        assertThat(this.store.places.size()).isEqualTo(1);
        assertThat(this.elsewhere).containsExactly(lost.session.connection().id());
    }

    @Test
    void nobodyWaitsForTheStoreAndFramesOfTheClientAreKept() {
        start();
        this.store.slow = true;
        Client alice = connect(this.here, DuplicatePolicy.NEWEST_WINS);
        alice.queue("{'type':'join','id':1,'room':'project:42'}");
        this.here.executor.runAll();
        assertThat(alice.frames()).isEmpty();
        assertThat(this.here.listener.told).doesNotContain("opened");

        this.store.answer();
        this.here.executor.runAll();

        assertThat(alice.frames().get(0).get("type").stringValue()).isEqualTo("welcome");
        alice.assertAnswered(1, "joined");
    }

    /** It is superseded on another node while the answer to its own claim is still under way. */
    @Test
    void whoLosesItsPlaceBeforeItIsWelcomedIsClosedAndGivesNothingBack() {
        start();
        this.store.slow = true;
        Client first = connect(this.here, DuplicatePolicy.NEWEST_WINS);
        Connection pending = first.session.connection();
        Client second = connect(this.there, DuplicatePolicy.NEWEST_WINS);
        // What the other node asks for: the connection is found although it was not welcomed yet.
        this.here.connections.find(pending.id()).close(CloseReason.SUPERSEDED);
        this.store.answer();
        this.there.executor.runAll();

        assertThat(first.closeCodes()).containsExactly(4409);
        assertThat(second.frames("welcome")).hasSize(1);
        assertThat(this.store.places.size()).isEqualTo(1);
        assertThat(this.herePlaces.size()).isZero();
        this.here.assertConsistent();
    }

    @Test
    void whoGoesBeforeTheStoreAnswersLeavesNoPlace() {
        start();
        this.store.slow = true;
        Client gone = connect(this.here, DuplicatePolicy.REJECT);
        gone.session.closed(CloseReason.ABNORMAL);
        this.store.answer();

        assertThat(this.store.places.size()).isZero();
        assertThat(this.herePlaces.size()).isZero();
        assertThat(this.here.connections.size()).isZero();
        assertThat(connect(this.there, DuplicatePolicy.REJECT).closeCodes()).isEmpty();
    }

    /** Both wait until the key of the user is in force; who was closed meanwhile is the last to hear of it. */
    @Test
    void whoWasClosedBeforeItsClaimTakesNobodysPlace() {
        start();
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture node = new ProtocolFixture(
                places("here"), local -> new SlowBackplane(local, RoutingKey.user("alice"), inForce))) {
            Client older = connect(node, DuplicatePolicy.NEWEST_WINS);
            Client newer = connect(node, DuplicatePolicy.NEWEST_WINS);
            assertThat(older.closeCodes()).containsExactly(4409);

            inForce.complete(null);
            node.executor.runAll();

            assertThat(newer.frames("welcome")).hasSize(1);
            assertThat(newer.closeCodes()).isEmpty();
            assertThat(older.frames()).isEmpty();
            assertThat(this.store.places.size()).isEqualTo(1);
            assertThat(older.session.isIdle()).isTrue();
        }
    }

    /** Its claim was on its way when it was closed, and is decided behind that of who superseded it. */
    @Test
    void whoIsGoneWhenItsPlaceIsGrantedClosesNobody() {
        start();
        this.store.far = true;
        Client older = connect(this.here, DuplicatePolicy.NEWEST_WINS);
        Client newer = connect(this.here, DuplicatePolicy.NEWEST_WINS);
        assertThat(older.closeCodes()).containsExactly(4409);

        this.store.answerBackwards();
        this.here.executor.runAll();

        assertThat(newer.frames("welcome")).hasSize(1);
        assertThat(newer.closeCodes()).isEmpty();
        this.store.far = false;
        this.herePlaces.renew().toCompletableFuture().join();
        assertThat(newer.closeCodes()).isEmpty();
        assertThat(this.store.places.size()).isEqualTo(1);
        assertThat(this.herePlaces.size()).isEqualTo(1);
    }

    @Test
    void whoGoesBeforeTheStoreIsAskedLeavesNoPlace() {
        start();
        this.store.far = true;
        Client gone = connect(this.here, DuplicatePolicy.REJECT);
        gone.session.closed(CloseReason.ABNORMAL);
        this.store.answer();

        assertThat(this.store.places.size()).isZero();
        assertThat(this.herePlaces.size()).isZero();
    }

    @Test
    void whoGoesWhileItLeavesItsOldPlaceBehindLeavesNone() {
        start();
        DuplicatePolicy two = DuplicatePolicy.limit(2);
        Client lost = connect(this.there, two);
        Client gone = connect(this.here, two);
        this.store.far = true;
        gone.send("{'type':'hello','session':'" + session(lost) + "'}");
        gone.session.closed(CloseReason.ABNORMAL);
        this.store.answer();

        assertThat(this.store.places.size()).isZero();
        assertThat(this.herePlaces.size()).isZero();
    }

    @Test
    void aNameThatIsSaidBeforeTheClaimIsNotLost() {
        start();
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture node = new ProtocolFixture(
                places("here"), local -> new SlowBackplane(local, RoutingKey.user("alice"), inForce))) {
            DuplicatePolicy two = DuplicatePolicy.limit(2);
            Client lost = connect(this.there, two);
            Client back = connect(node, two);
            back.send("{'type':'hello','session':'" + session(lost) + "'}");

            inForce.complete(null);
            node.executor.runAll();

            assertThat(back.frames("welcome")).hasSize(1);
            assertThat(this.elsewhere).containsExactly(lost.session.connection().id());
            assertThat(this.store.places.size()).isEqualTo(1);
        }
    }

    /** It was there before the other one, wherever the store was. */
    @Test
    void whoWasLetInWithoutTheStoreDoesNotCloseWhoCameLater() {
        start();
        this.store.down = true;
        Client older = connect(this.here, DuplicatePolicy.NEWEST_WINS);
        this.here.ticker.advance(Duration.ofSeconds(10));
        this.store.down = false;
        Client newer = connect(this.there, DuplicatePolicy.NEWEST_WINS);

        this.herePlaces.renew().toCompletableFuture().join();

        assertThat(older.closeCodes()).containsExactly(4409);
        assertThat(newer.closeCodes()).isEmpty();
        assertThat(this.elsewhere).isEmpty();
        assertThat(this.store.places.size()).isEqualTo(1);
    }

    @Test
    void withoutTheStoreTheClientIsLetInAndHasItsPlaceAfterwards() {
        start();
        this.store.down = true;
        Client alice = connect(this.here, DuplicatePolicy.REJECT);
        assertThat(alice.frames("welcome")).hasSize(1);
        assertThat(this.changes).containsExactly(PlaceListener.Change.UNDECIDED);

        this.store.down = false;
        this.herePlaces.renew().toCompletableFuture().join();

        assertThat(this.changes).contains(PlaceListener.Change.RESTORED);
        assertThat(this.store.places.size()).isEqualTo(1);
    }

    @Test
    void whoNeedsNoPlaceHasNone() {
        start();
        assertThat(this.here.user("bob").frames("welcome")).hasSize(1);
        assertThat(this.here.anonymous().frames("welcome")).hasSize(1);
        assertThat(this.herePlaces.size()).isZero();
    }
}
