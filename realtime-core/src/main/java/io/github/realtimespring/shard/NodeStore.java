package io.github.realtimespring.shard;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes of an application have in common to know of each other: who lives, by leases on the store's own clock, and
 * who owns each bucket (SPEC §12). Made for {@link LeasedShardRouter}; {@code NodeStoreContract} of the test starter asks
 * for the rules:
 *
 * <ol>
 *   <li>No method waits. Every stage completes within the publish timeout; one that fails leaves open whether it was done.
 *   <li>What one node asks for is done in that order.
 *   <li>A lease ends on the store's clock, whatever clocks of nodes say.
 *   <li>The sequence grows whenever a node comes, goes, or is found to be gone, and never goes back: a caller that has seen
 *       a higher one is believed. The store has then lost something, and is unsettled for the length of a lease.
 *   <li>A bucket has one owner. It changes only to somebody with a higher sequence than any owner's before, and only when the
 *       one before has {@linkplain #release released} it or the claim says that it is gone.
 * </ol>
 *
 * @since 0.1.0
 */
public interface NodeStore {

    /** The name in the log and the actuator, such as {@code redis}. */
    String name();

    /**
     * Renews the lease of a node, or begins one, and ends those that are over.
     *
     * @param origin names the process
     * @param lease from now on, by the store's clock
     * @param seen the sequence of the nodes that the caller knows; 0 if it knows none
     * @param highest the highest sequence or token that it has seen
     */
    CompletionStage<Nodes> renew(String origin, Duration lease, long seen, long highest);

    /** Ends the lease of a node at once. Buckets that it owns can be claimed in its stead. */
    CompletionStage<Void> leave(String origin);

    /**
     * Makes a node the owner of buckets, where that can be.
     *
     * @param sequence of the nodes that the caller goes by, which becomes the token
     * @param buckets with the owner before that is not among these nodes any more; empty if none is known to be gone
     * @return one answer for each bucket that was decided; the others are open
     */
    CompletionStage<List<Claimed>> claim(String origin, long sequence, Map<Integer, String> buckets);

    /** The node no longer owns these buckets, if it did. */
    CompletionStage<Void> release(String origin, Collection<Integer> buckets);

    /**
     * Who lives.
     *
     * @param sequence grows with every change
     * @param origins in no order, the caller among them; {@code null} if the sequence is the one that it knew
     * @param firstEnd how long until the first of their leases is over, unless it is renewed
     * @param unsettled how long until everybody who was an owner before the store lost something knows it, or is none any
     *     more: owners are to claim again what they have, others nothing; mostly zero
     */
    record Nodes(long sequence, @Nullable List<String> origins, Duration firstEnd, Duration unsettled) {}

    /**
     * What became of a claim.
     *
     * @param granted whether the caller owns the bucket now
     * @param owner who does; empty if nobody
     * @param token the highest of the bucket
     */
    record Claimed(int bucket, boolean granted, String owner, long token) {}
}
