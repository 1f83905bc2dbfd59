package io.github.realtimespring.shard;

import io.github.realtimespring.RoutingKey;
import java.util.Objects;

/**
 * The router of a node that shares no store with others: it owns everything, from the start and for good.
 *
 * @since 0.1.0
 */
public final class LocalShardRouter implements ShardRouter {

    private static final long TOKEN = 1;

    private final String origin;
    private final int buckets;

    /**
     * @param origin names this process
     * @param buckets how many buckets there are
     */
    public LocalShardRouter(String origin, int buckets) {
        if (buckets < 1) {
            throw new IllegalArgumentException("there is at least one bucket");
        }
        this.origin = origin;
        this.buckets = buckets;
    }

    @Override
    public int buckets() {
        return this.buckets;
    }

    @Override
    public int bucket(RoutingKey key) {
        return KeyHash.bucket(key, this.buckets);
    }

    @Override
    public Ownership ownership(int bucket) {
        return new Ownership(Objects.checkIndex(bucket, this.buckets), this.origin, true, TOKEN);
    }

    @Override
    public void addListener(Listener listener) {
        for (int bucket = 0; bucket < this.buckets; bucket++) {
            listener.taken(bucket, TOKEN);
        }
    }
}
