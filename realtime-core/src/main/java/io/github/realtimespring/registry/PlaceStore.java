package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where the nodes of an application agree on which connections of a user stay (SPEC §1). Each connection that a
 * {@link DuplicatePolicy} is about has a place; whether there is one for another connection is decided in one step, so of
 * two nodes that ask at the same moment one comes after the other.
 *
 * <p>A place is leased: it ends when it was not renewed in time, which is how those of a dead node end. Leases go by the
 * clock of the store, if it has one.
 *
 * <p>Implementations are thread-safe. No method waits; a stage that fails says nothing about whether the store has done
 * what it was asked, and asking again does no harm.
 *
 * @since 0.1.0
 */
public interface PlaceStore {

    /**
     * A connection that wants a place.
     *
     * @param user whose it is: the key of a user
     * @param connection the connection
     * @param node where it is: the origin of the node
     * @param device what it calls its device, for policies that look at one device only
     * @param session the name that its client was told, by which it is known when it comes back
     * @param returning the name that its client was told by a connection before; the place of that one is its own, and
     *     it is superseded at once. {@code null} if it has not said one
     * @param policy what is to happen with the other places
     */
    record Claim(
            RoutingKey user,
            ConnectionId connection,
            String node,
            @Nullable String device,
            String session,
            @Nullable String returning,
            DuplicatePolicy policy) {

        boolean supersedesOlder() {
            return this.policy.rule() == DuplicatePolicy.Rule.NEWEST_WINS;
        }

        /** The same claim of a client that came back. */
        public Claim returning(String name) {
            return new Claim(this.user, this.connection, this.node, this.device, this.session, name, this.policy);
        }
    }

    /** Who has a place. */
    record Holder(ConnectionId connection, String node) {}

    /**
     * A place that was given, or that a connection would have if the store could have been asked.
     *
     * @param sequence that of the place; 0 if there was none
     * @param age how long ago the connection came: what stands for the sequence where there is none
     */
    record Place(Claim claim, long sequence, Duration age) {

        /** One with a sequence, or of a connection that came just now. */
        public Place(Claim claim, long sequence) {
            this(claim, sequence, Duration.ZERO);
        }
    }

    /** What the store decided. */
    enum Verdict {
        /** There is a place for it. */
        GRANTED,
        /** There is none: the others stay. */
        TAKEN,
        /** It had one, and a younger connection has taken its place. */
        SUPERSEDED
    }

    /**
     * The answer to a claim.
     *
     * @param sequence grows from place to place of a user; 0 if there is none
     * @param superseded who has lost their place by this; their connections are the caller's to close
     */
    record Answer(Verdict verdict, long sequence, List<Holder> superseded) {

        public Answer {
            superseded = List.copyOf(superseded);
        }
    }

    /**
     * Asks for a place. Who has one already keeps it, with its sequence; only a name that its client has told since is
     * taken note of. {@code GRANTED} or {@code TAKEN}.
     */
    CompletionStage<Answer> claim(Claim claim);

    /**
     * Renews the leases of places.
     *
     * @return the connections whose place is not there any more; those that could not be asked about are not among them
     */
    CompletionStage<Set<ConnectionId>> renew(Collection<Place> places);

    /**
     * Gives a place back to a connection that lost it, because the store was away for longer than the lease or has lost
     * its memory, or to one that was let in without one. Nobody who was let in is sent away for want of room; but who was
     * superseded meanwhile stays so, and so does who would have been: {@code GRANTED} or {@code SUPERSEDED}.
     */
    CompletionStage<Answer> restore(Place place);

    /** Whether a place ends that is not renewed. */
    default boolean isLeased() {
        return true;
    }

    /** Ends a place; one that is not there any more is none. */
    CompletionStage<Void> giveBack(RoutingKey user, ConnectionId connection);
}
