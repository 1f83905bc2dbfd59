package io.github.realtimespring.shard;

import io.github.realtimespring.RoutingKey;

/**
 * Routes what one node has to coordinate to that node: a key to its bucket, a bucket to its owner among the nodes that
 * live (SPEC §12). Clients never see either.
 *
 * <p>A bucket has one owner at a time as long as clocks run at about the same rate. A node that was paused is not its
 * owner any more when it wakes: it says so itself, by monotonic time, and the store refuses what carries a token that is
 * lower than one that it has seen. So whoever acts for a bucket asks right before it does, sends the
 * {@linkplain Ownership#token token} along, and takes a refusal as the end of its ownership.
 *
 * <p>A cluster of stores can lose what it knew of one bucket only, in a failover. Then two nodes may believe for up to a
 * renewal that they own it, and the token alone decides: the store refuses the older owner's writes.
 *
 * <p>Thread-safe; no method waits.
 *
 * @since 0.1.0
 */
public interface ShardRouter {

    /** How many buckets there are; the same on every node of an application. */
    int buckets();

    /** The bucket of a key, from 0 to {@link #buckets()} - 1; the same on every node, and in every version. */
    int bucket(RoutingKey key);

    /**
     * Who owns a bucket now.
     *
     * @throws IndexOutOfBoundsException if there is no such bucket
     */
    Ownership ownership(int bucket);

    /** The listener is told of every change from now on, and of each bucket that this node owns already. */
    void addListener(Listener listener);

    /**
     * Hears which buckets this node owns. Called by one thread at a time, in the order in which things happen, without a
     * lock of the router: quick, without waiting, without throwing.
     */
    interface Listener {

        /** This node owns the bucket from now on. The one before it may have left work undone. */
        void taken(int bucket, long token);

        /** This node no longer owns the bucket; another one may already. */
        void lost(int bucket);
    }
}
