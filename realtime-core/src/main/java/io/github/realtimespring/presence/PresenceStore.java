package io.github.realtimespring.presence;

import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Where the nodes of an application meet to know who is in which room (SPEC §11). Every node reports its own users under
 * a lease, the owner of a bucket derives from the reports of all nodes what changed, and everybody reads.
 *
 * <p>Everything of a bucket changes as one, in the order of the calls that the store took, on the store's own clock. What
 * is reported twice changes nothing the second time. {@code PresenceStoreContract} in the test starter asks for the rules.
 *
 * <p>Thread-safe. No method waits, none throws for a store that cannot be reached: the stage fails then, within the time
 * that an answer may take.
 *
 * @since 0.1.0
 */
public interface PresenceStore {

    /**
     * What a node says of one of its users in one key.
     *
     * @param key a room, or the key of the user for whether it is connected at all
     * @param user the name
     * @param state {@code OFFLINE} for a user who is no longer here
     * @param data what the application says of this member
     */
    record Report(
            RoutingKey key,
            String user,
            PresenceState state,
            @Nullable Payload data) {}

    /**
     * What a derivation goes by.
     *
     * @param debounce how old a change is before it counts; that one user goes back and forth delays it a bounded number
     *     of times
     * @param expire whether the leases of nodes may end
     * @param limit how many users one call looks at
     * @param maxListed how many users of a room are listed
     * @param published what is with the nodes, by room: the version
     */
    record Terms(Duration debounce, boolean expire, int limit, int maxListed, Map<RoutingKey, Long> published) {

        public Terms {
            published = Map.copyOf(published);
        }
    }

    /**
     * What a derivation gave.
     *
     * @param refused whether the bucket has a younger owner; then it is the only thing that counts
     * @param changes what changed now, and what had changed and was not {@link Terms#published} since
     * @param suppressed changes that were undone before they counted
     * @param next in how much time the next change counts, in milliseconds; 0 if there is more at once, -1 for none
     * @param born when the store first heard of the bucket, in milliseconds; another one after it lost the bucket, 0 if it
     *     has not heard of it
     * @param time when it was derived, in milliseconds, by the clock that {@code born} is by
     * @param idle whether no node reports anything in the bucket
     */
    record Derivation(
            boolean refused,
            List<PresenceChange> changes,
            int suppressed,
            long next,
            long born,
            long time,
            boolean idle) {

        /** The answer to an owner that is none any more. */
        public static final Derivation REFUSED = new Derivation(true, List.of(), 0, -1, 0, 0, false);

        public Derivation {
            changes = List.copyOf(changes);
        }
    }

    /**
     * Says what changed at a node and renews its lease; with no reports it renews the lease alone.
     *
     * @param bucket the bucket of all keys
     * @param origin the node
     * @param lease for how long what it said counts without being renewed
     * @return whether an earlier lease of the node was in force; if not, everything that it said before has to be said
     *     again
     */
    CompletionStage<Boolean> report(int bucket, String origin, Duration lease, List<Report> reports);

    /**
     * Derives what changed in the rooms of a bucket, for its owner.
     *
     * @param token the owner's; a lower one than the highest that the bucket has seen is refused
     */
    CompletionStage<Derivation> derive(int bucket, long token, Terms terms);

    /** Who is in a room, as it was derived last. */
    CompletionStage<RoomPresence> read(int bucket, RoutingKey room, int maxListed);

    /** Where a user is connected, as the nodes say now. */
    CompletionStage<UserPresence> find(int bucket, RoutingKey user);
}
