package io.github.realtimespring.shard;

import org.jspecify.annotations.Nullable;

/**
 * Who owns a bucket, as this node knows it at this moment.
 *
 * @param bucket from 0 on
 * @param owner the origin of the node that owns it or is about to; {@code null} while nobody is known to live
 * @param mine whether this node owns it and may act for it now
 * @param token what this node's writes for the bucket carry, so that the store can refuse those of an owner that has been
 *     replaced: at least 1, and more with each owner; 0 if the bucket is not this node's
 * @since 0.1.0
 */
public record Ownership(int bucket, @Nullable String owner, boolean mine, long token) {

    public Ownership {
        if (mine && token < 1) {
            throw new IllegalArgumentException("an owner has a token");
        }
    }
}
