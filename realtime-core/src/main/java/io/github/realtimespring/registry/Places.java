package io.github.realtimespring.registry;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The places that connections of this process have in a {@link PlaceStore} (SPEC §1): asked for when they are admitted,
 * renewed together, given back when they end. A store that cannot be asked lets everybody in; they get their places when it
 * is back, and what the policy says holds again from then on.
 *
 * <p>Thread-safe; nothing waits. Stages complete on the store's threads.
 *
 * <h2>Concurrency</h2>
 *
 * {@code held} has a connection from before it is asked for until it ends, so of an end and the store's answer the later one
 * finds both: the answer looks whether the connection still is open, after the place is noted. No lock is held while the
 * store, the listener or a connection is called.
 *
 * @since 0.1.0
 */
public final class Places implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Places.class);

    /** Places that are asked for again at the same time. */
    private static final int RESTORED_AT_ONCE = 256;

    /** Given back while the store was away, and asked for once more; what is more than this ends with its lease. */
    private static final int MAX_OWED = 10_000;

    private final PlaceStore store;
    private final String node;
    private final @Nullable Duration renewal;
    private final Duration patience;
    private final Elsewhere elsewhere;
    private final PlaceListener listener;
    private final Map<ConnectionId, Held> held = new ConcurrentHashMap<>();
    private final Map<ConnectionId, RoutingKey> owed = new ConcurrentHashMap<>();
    private volatile @Nullable ScheduledExecutorService thread;
    private boolean closed;

    /** Closes connections of other nodes that have lost their place. */
    @FunctionalInterface
    public interface Elsewhere {

        void superseded(RoutingKey user, List<ConnectionId> connections);
    }

    private static final class Held {

        private final Connection connection;
        private volatile PlaceStore.Claim claim;
        /** 0 while it has no place. */
        private volatile long sequence;
        /** Whether the store is being asked for the first time. */
        private volatile boolean asking = true;

        Held(Connection connection, PlaceStore.Claim claim) {
            this.connection = connection;
            this.claim = claim;
        }

        PlaceStore.Place place() {
            return new PlaceStore.Place(this.claim, this.sequence, Duration.ofNanos(this.connection.ageNanos()));
        }
    }

    /**
     * @param node the origin of this process
     * @param renewal time between two renewals; {@code null} for places that are not leased
     * @param patience how long a client that is refused may take to say that it is one that has come back
     */
    public Places(
            PlaceStore store,
            String node,
            @Nullable Duration renewal,
            Duration patience,
            Elsewhere elsewhere,
            PlaceListener listener) {
        this.store = store;
        this.node = node;
        this.renewal = renewal;
        this.patience = patience;
        this.elsewhere = elsewhere;
        this.listener = listener;
    }

    /** Those of a process that is alone, which refuses at once. */
    public static Places inProcess() {
        return new Places(
                new MemoryPlaceStore(), "this", null, Duration.ZERO, (user, others) -> {}, (change, places) -> {});
    }

    /** How long a client that is refused may take to say that it is one that has come back. */
    public Duration patience() {
        return this.patience;
    }

    /**
     * Asks for a place for a connection of a user, which is registered already.
     *
     * @param session the name that its client is told
     * @param returning the name that its client was told by an earlier connection, if it has said one
     * @return whether the connection stays; does not fail
     */
    public CompletionStage<Boolean> claim(
            Connection connection, DuplicatePolicy policy, String session, @Nullable String returning) {
        RoutingKey user = Objects.requireNonNull(ConnectionRegistry.userKey(connection.identity()), "a user");
        PlaceStore.Claim claim = new PlaceStore.Claim(
                user, connection.id(), this.node, connection.identity().device(), session, returning, policy);
        Held place = new Held(connection, claim);
        this.held.put(connection.id(), place);
        begin();
        return ask(claim).handle((answer, failure) -> {
            boolean stays = failure != null || answer.verdict() == PlaceStore.Verdict.GRANTED;
            place.asking = false;
            if (!connection.isOpen()) {
                // Who lost a place to one that is gone already keeps its connection, and has its place again by a
                // renewal.
                forget(place);
                return stays;
            }
            if (failure != null) {
                logger.debug("The store of places cannot be asked, connection {} is let in", connection.id(), failure);
                this.listener.changed(PlaceListener.Change.UNDECIDED, 1);
            } else if (stays) {
                granted(place, answer, PlaceListener.Change.GRANTED);
            } else {
                this.held.remove(connection.id(), place);
                this.listener.changed(PlaceListener.Change.REFUSED, 1);
            }
            if (stays && place.claim != claim) {
                // It said its name while the store was asked.
                leaveBehind(place);
            }
            return stays;
        });
    }

    /** The client of a connection with a place says by what name it was known before: that place was its own. */
    public void returned(Connection connection, String name) {
        Held place = this.held.get(connection.id());
        if (place != null && !name.equals(place.claim.returning())) {
            place.claim = place.claim.returning(name);
            leaveBehind(place);
        }
    }

    private void leaveBehind(Held place) {
        if (place.sequence == 0) {
            return;
        }
        ask(place.claim).whenComplete((answer, failure) -> {
            if (!place.connection.isOpen()) {
                forget(place);
            } else if (failure == null && answer.verdict() == PlaceStore.Verdict.GRANTED) {
                granted(place, answer, null);
            }
        });
    }

    private CompletionStage<PlaceStore.Answer> ask(PlaceStore.Claim claim) {
        try {
            return this.store.claim(claim);
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    private void granted(Held place, PlaceStore.Answer answer, PlaceListener.@Nullable Change change) {
        place.sequence = answer.sequence();
        if (change != null) {
            this.listener.changed(change, 1);
        }
        List<ConnectionId> elsewhere = new ArrayList<>();
        for (PlaceStore.Holder loser : answer.superseded()) {
            if (loser.node().equals(this.node)) {
                Held here = this.held.get(loser.connection());
                if (here != null) {
                    supersede(here);
                }
            } else {
                elsewhere.add(loser.connection());
            }
        }
        if (!elsewhere.isEmpty()) {
            this.elsewhere.superseded(place.claim.user(), elsewhere);
        }
    }

    private void supersede(Held place) {
        // Before its end is told: there is nothing to give back.
        if (this.held.remove(place.connection.id(), place)) {
            this.listener.changed(PlaceListener.Change.SUPERSEDED, 1);
            place.connection.close(CloseReason.SUPERSEDED);
        }
    }

    /** A connection has ended: its place is given back, if it has one. */
    public void ended(Connection connection) {
        Held place = this.held.get(connection.id());
        if (place != null) {
            forget(place);
        }
    }

    /** Gives back what the store may have, whoever comes second: its end, or the answer to what was asked before that. */
    private void forget(Held place) {
        Connection connection = place.connection;
        if (this.held.remove(connection.id(), place) && CloseReason.SUPERSEDED.equals(connection.closeReason())) {
            this.listener.changed(PlaceListener.Change.SUPERSEDED, 1);
        }
        giveBack(place.claim.user(), connection.id());
    }

    private void giveBack(RoutingKey user, ConnectionId connection) {
        CompletionStage<Void> given;
        try {
            given = this.store.giveBack(user, connection);
        } catch (RuntimeException ex) {
            given = CompletableFuture.failedFuture(ex);
        }
        given.whenComplete((done, failure) -> {
            if (failure != null && this.owed.size() < MAX_OWED) {
                this.owed.put(connection, user);
            }
        });
    }

    /** How many connections have a place here, or are let in without one until the store is back. */
    public int size() {
        return this.held.size();
    }

    /** Places are leased from the first one on. */
    private void begin() {
        if (this.renewal != null && this.thread == null) {
            begin(this.renewal);
        }
    }

    private synchronized void begin(Duration renewal) {
        if (this.thread != null || this.closed) {
            return;
        }
        // One task that repeats: its queue holds no other.
        ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread made = new Thread(task, "realtime-places");
            made.setDaemon(true);
            return made;
        });
        long millis = renewal.toMillis();
        thread.scheduleWithFixedDelay(this::renewSafely, millis, millis, TimeUnit.MILLISECONDS);
        this.thread = thread;
    }

    private void renewSafely() {
        try {
            renew();
        } catch (RuntimeException ex) {
            logger.warn("Renewing places failed; the next renewal goes on", ex);
        }
    }

    /**
     * Renews every lease and asks again for the places that are lost; done regularly.
     *
     * @return completes when the store has answered everything; does not fail
     */
    public CompletionStage<Void> renew() {
        Map<ConnectionId, RoutingKey> owed = Map.copyOf(this.owed);
        owed.forEach((connection, user) -> {
            this.owed.remove(connection);
            giveBack(user, connection);
        });
        List<PlaceStore.Place> places = new ArrayList<>();
        Queue<Held> without = new ArrayDeque<>();
        for (Held place : this.held.values()) {
            if (place.sequence > 0) {
                places.add(place.place());
            } else if (!place.asking) {
                without.add(place);
            }
        }
        CompletionStage<Set<ConnectionId>> renewed;
        try {
            renewed = places.isEmpty() ? CompletableFuture.completedFuture(Set.of()) : this.store.renew(places);
        } catch (RuntimeException ex) {
            renewed = CompletableFuture.failedFuture(ex);
        }
        return renewed.handle((lost, failure) -> {
                    if (failure != null) {
                        logger.debug("The leases of places cannot be renewed now", failure);
                        this.listener.changed(PlaceListener.Change.UNRENEWED, places.size());
                        return null;
                    }
                    lost.stream().map(this.held::get).filter(Objects::nonNull).forEach(without::add);
                    return restore(without);
                })
                .thenCompose(restored -> restored == null ? CompletableFuture.completedFuture(null) : restored);
    }

    /** A few at a time: after a loss of the store that is everybody. */
    private CompletionStage<Void> restore(Queue<Held> without) {
        List<CompletableFuture<?>> asked = new ArrayList<>();
        for (Held place = without.poll(); place != null; place = without.poll()) {
            asked.add(restore(place).toCompletableFuture());
            if (asked.size() == RESTORED_AT_ONCE) {
                break;
            }
        }
        CompletableFuture<Void> all = CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new));
        return without.isEmpty() ? all : all.thenCompose(done -> restore(without));
    }

    private CompletionStage<?> restore(Held place) {
        CompletionStage<PlaceStore.Answer> restored;
        try {
            restored = this.store.restore(place.place());
        } catch (RuntimeException ex) {
            restored = CompletableFuture.failedFuture(ex);
        }
        return restored.handle((answer, failure) -> {
            if (failure != null) {
                this.listener.changed(PlaceListener.Change.UNRENEWED, 1);
            } else if (answer.verdict() == PlaceStore.Verdict.SUPERSEDED) {
                supersede(place);
            } else if (place.connection.isOpen()) {
                granted(place, answer, PlaceListener.Change.RESTORED);
            } else {
                // Its end came first, and gave back what was not there yet.
                forget(place);
            }
            return answer;
        });
    }

    /** Ends the renewals; what is still held ends with its lease. */
    @Override
    public synchronized void close() {
        this.closed = true;
        ScheduledExecutorService thread = this.thread;
        if (thread != null) {
            thread.shutdownNow();
        }
    }
}
