package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The places of an application that runs in one process, or of the nodes of a test that share it. Every stage is complete.
 *
 * <p>Thread-safe: a user's places are an immutable list, replaced in one step.
 *
 * @since 0.1.0
 */
public final class MemoryPlaceStore implements PlaceStore {

    /** The time at the beginning: connections may be older than the store. */
    private static final long EPOCH = Duration.ofDays(365).toNanos();

    private final Map<RoutingKey, List<Taken>> places = new ConcurrentHashMap<>();
    /** The last one: the time, in nanoseconds, so that there is one for when a connection came. */
    private final AtomicLong sequence = new AtomicLong();

    private final Ticker ticker;
    private final long began;
    private final @Nullable Duration lease;

    /** @param until when the lease ends, by the ticker */
    private record Taken(Claim claim, long sequence, long until) {

        Holder holder() {
            return new Holder(this.claim.connection(), this.claim.node());
        }

        boolean isOf(ConnectionId connection) {
            return this.claim.connection().equals(connection);
        }

        boolean supersedesOlder() {
            return this.claim.supersedesOlder();
        }

        boolean isNamed(@Nullable String session) {
            return session != null && (session.equals(this.claim.session()) || session.equals(this.claim.returning()));
        }
    }

    /** One whose places last until they are given back: nobody but this process can die with them. */
    public MemoryPlaceStore() {
        this(Ticker.SYSTEM, null);
    }

    /** @param lease how long a place lasts that is not renewed; {@code null} for as long as nobody gives it back */
    public MemoryPlaceStore(Ticker ticker, @Nullable Duration lease) {
        this.ticker = ticker;
        this.began = ticker.nanos();
        this.lease = lease;
    }

    @Override
    public CompletionStage<Answer> claim(Claim claim) {
        return take(claim, 0, false);
    }

    @Override
    public CompletionStage<Answer> restore(Place place) {
        long sequence = place.sequence() > 0
                ? place.sequence()
                : Math.max(1, next() - place.age().toNanos());
        return take(place.claim(), sequence, true);
    }

    private CompletionStage<Answer> take(Claim claim, long before, boolean again) {
        Answer[] answer = new Answer[1];
        this.places.compute(claim.user(), (user, taken) -> {
            List<Taken> live = live(taken);
            answer[0] = decide(claim, before, again, live);
            return live.isEmpty() ? null : List.copyOf(live);
        });
        return CompletableFuture.completedFuture(answer[0]);
    }

    private List<Taken> live(@Nullable List<Taken> taken) {
        List<Taken> live = new ArrayList<>();
        long now = this.ticker.nanos();
        if (taken != null) {
            taken.stream()
                    .filter(place -> this.lease == null || place.until() - now > 0)
                    .forEach(live::add);
        }
        return live;
    }

    private long next() {
        long now = EPOCH + this.ticker.nanos() - this.began;
        return this.sequence.updateAndGet(last -> Math.max(last + 1, now));
    }

    private long until() {
        return this.lease == null ? 0 : this.ticker.nanos() + this.lease.toNanos();
    }

    /**
     * Changes {@code live} to what it is afterwards.
     *
     * @param before the sequence of the place that the connection had or would have had, 0 for a new one
     * @param again whether it was let in before
     */
    private Answer decide(Claim claim, long before, boolean again, List<Taken> live) {
        Taken own = null;
        int staying = 0;
        List<Taken> gone = new ArrayList<>();
        for (Taken other : live) {
            if (other.isOf(claim.connection())) {
                own = other;
            }
        }
        for (Taken other : live) {
            if (other == own || !isRival(claim, other)) {
                continue;
            }
            if (own == null && before > 0 && other.sequence() > before && other.supersedesOlder()) {
                return new Answer(Verdict.SUPERSEDED, 0, List.of());
            }
            boolean older = own == null && (before == 0 || other.sequence() < before);
            if (other.isNamed(claim.returning()) || claim.supersedesOlder() && older) {
                gone.add(other);
            } else {
                staying++;
            }
        }
        if (own == null && !again && !hasRoom(claim.policy(), staying)) {
            return new Answer(Verdict.TAKEN, 0, List.of());
        }
        long sequence = own != null ? own.sequence() : before > 0 ? before : next();
        live.removeAll(gone);
        live.remove(own);
        live.add(new Taken(own == null || claim.returning() != null ? claim : own.claim(), sequence, until()));
        return new Answer(
                Verdict.GRANTED, sequence, gone.stream().map(Taken::holder).toList());
    }

    private static boolean isRival(Claim claim, Taken place) {
        return !claim.policy().perDevice()
                || Objects.equals(claim.device(), place.claim().device());
    }

    private static boolean hasRoom(DuplicatePolicy policy, int others) {
        return switch (policy.rule()) {
            case ALLOW, NEWEST_WINS -> true;
            case REJECT -> others == 0;
            case LIMIT -> others < policy.limit();
        };
    }

    @Override
    public CompletionStage<Set<ConnectionId>> renew(Collection<Place> places) {
        Set<ConnectionId> lost = new HashSet<>();
        for (Place place : places) {
            ConnectionId connection = place.claim().connection();
            lost.add(connection);
            this.places.computeIfPresent(place.claim().user(), (user, taken) -> {
                List<Taken> live = live(taken);
                live.replaceAll(held -> {
                    if (!held.isOf(connection)) {
                        return held;
                    }
                    lost.remove(connection);
                    return new Taken(held.claim(), held.sequence(), until());
                });
                return live.isEmpty() ? null : List.copyOf(live);
            });
        }
        return CompletableFuture.completedFuture(lost);
    }

    @Override
    public CompletionStage<Void> giveBack(RoutingKey user, ConnectionId connection) {
        this.places.computeIfPresent(user, (key, taken) -> {
            List<Taken> live = live(taken);
            live.removeIf(place -> place.isOf(connection));
            return live.isEmpty() ? null : List.copyOf(live);
        });
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public boolean isLeased() {
        return this.lease != null;
    }

    /** How many places there are, those included whose lease is over. */
    public int size() {
        return this.places.values().stream().mapToInt(List::size).sum();
    }

    /** Everything is lost, as with a server that had it in memory only. */
    public void clear() {
        this.places.clear();
    }
}
