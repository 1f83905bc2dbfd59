package io.github.realtimespring.backplane;

import io.github.realtimespring.RoutingKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;

/**
 * Keys hashed into a fixed number of buckets, and which of these are subscribed because a key of theirs is: for a
 * {@link Broker} whose mode is {@link SubscriptionMode#SHARDED}. Which bucket a key is in is the same in every process.
 *
 * <p>Thread-safe; nothing here waits.
 *
 * @since 0.1.0
 */
public final class Buckets {

    private final int count;
    private final Subscriptions<Integer> subscriptions;
    /** The keys that are subscribed, by bucket. Guarded by its monitor, a leaf. */
    private final Map<Integer, Set<RoutingKey>> keys = new HashMap<>();

    /**
     * @param count how many buckets there are; the same in every process
     * @param subscribe subscribes a bucket: completes when that is in force
     * @param unsubscribe gives a bucket back
     */
    public Buckets(
            int count, IntFunction<CompletionStage<Void>> subscribe, IntFunction<CompletionStage<Void>> unsubscribe) {
        if (count < 1) {
            throw new IllegalArgumentException("there is at least one bucket");
        }
        this.count = count;
        Subscriptions.Steps<Integer> steps = new Subscriptions.Steps<>() {
            @Override
            public CompletionStage<Void> begin(Integer bucket) {
                return subscribe.apply(bucket);
            }

            @Override
            public CompletionStage<Void> end(Integer bucket) {
                return unsubscribe.apply(bucket);
            }
        };
        // Keys linger before they come here, so that buckets need not.
        this.subscriptions =
                new Subscriptions<>(steps, this::isNeeded, BackplaneObserver.none(), Duration.ZERO, () -> 0);
    }

    /** The bucket of a key, from 0 on. */
    public int of(RoutingKey key) {
        int hash = key.toString().hashCode() * 0x9E3779B9;
        return Math.floorMod(hash ^ hash >>> 16, this.count);
    }

    /** Completes when the subscription of the key's bucket is in force. */
    public CompletionStage<Void> subscribe(RoutingKey key) {
        int bucket = of(key);
        synchronized (this.keys) {
            this.keys.computeIfAbsent(bucket, none -> new HashSet<>()).add(key);
        }
        CompletionStage<Void> inForce = this.subscriptions.subscribe(bucket);
        // The key may have been given back meanwhile, when the bucket could not be yet.
        return inForce.whenComplete((done, failure) -> this.subscriptions.tick());
    }

    /** Gives the key back, and with the last one of its bucket the bucket. */
    public void unsubscribe(RoutingKey key) {
        int bucket = of(key);
        synchronized (this.keys) {
            Set<RoutingKey> of = this.keys.get(bucket);
            if (of == null || !of.remove(key) || !of.isEmpty()) {
                return;
            }
            this.keys.remove(bucket);
        }
        this.subscriptions.release(bucket);
        this.subscriptions.tick();
    }

    /** How many buckets are subscribed. */
    public int size() {
        return this.subscriptions.size();
    }

    private boolean isNeeded(Integer bucket) {
        synchronized (this.keys) {
            return this.keys.containsKey(bucket);
        }
    }
}
