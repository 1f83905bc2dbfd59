package io.github.realtimespring.shard;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Leases and owners in the memory of one process, for nodes that run in it. Answers at once, on the caller's thread.
 * Thread-safe.
 *
 * @since 0.1.0
 */
public final class MemoryNodeStore implements NodeStore {

    private final Ticker ticker;
    /** Origins, by when their leases are over. Guarded by the monitor, like everything. */
    private final Map<String, Long> leases = new HashMap<>();

    private final Map<Integer, Owner> owners = new HashMap<>();
    private long sequence;
    /** When it is settled again. */
    private long settled;

    private record Owner(String origin, long token) {}

    /** @param ticker the clock of the store */
    public MemoryNodeStore(Ticker ticker) {
        this.ticker = ticker;
        this.settled = ticker.nanos();
    }

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public synchronized CompletionStage<Nodes> renew(String origin, Duration lease, long seen, long highest) {
        long now = this.ticker.nanos();
        boolean changed = this.leases.values().removeIf(end -> now - end >= 0);
        changed |= this.leases.put(origin, now + lease.toNanos()) == null;
        if (highest > this.sequence) {
            this.sequence = highest;
            this.settled = now + lease.toNanos();
            changed = true;
        }
        if (changed) {
            this.sequence++;
        }
        long first = Collections.min(this.leases.values(), (a, b) -> Long.compare(a - now, b - now));
        return CompletableFuture.completedFuture(new Nodes(
                this.sequence,
                this.sequence == seen ? null : List.copyOf(this.leases.keySet()),
                Duration.ofNanos(first - now),
                Duration.ofNanos(Math.max(0, this.settled - now))));
    }

    @Override
    public synchronized CompletionStage<Void> leave(String origin) {
        if (this.leases.remove(origin) != null) {
            this.sequence++;
        }
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public synchronized CompletionStage<List<Claimed>> claim(
            String origin, long sequence, Map<Integer, String> buckets) {
        List<Claimed> answers = new ArrayList<>(buckets.size());
        buckets.forEach((bucket, gone) -> {
            Owner before = this.owners.getOrDefault(bucket, new Owner("", 0));
            boolean granted = before.origin.equals(origin)
                    ? sequence >= before.token
                    : sequence > before.token && (before.origin.isEmpty() || before.origin.equals(gone));
            Owner now = granted ? new Owner(origin, sequence) : before;
            this.owners.put(bucket, now);
            answers.add(new Claimed(bucket, granted, now.origin, now.token));
        });
        return CompletableFuture.completedFuture(answers);
    }

    @Override
    public synchronized CompletionStage<Void> release(String origin, Collection<Integer> buckets) {
        for (int bucket : buckets) {
            this.owners.computeIfPresent(
                    bucket, (key, owner) -> owner.origin.equals(origin) ? new Owner("", owner.token) : owner);
        }
        return CompletableFuture.completedFuture(null);
    }

    /**
     * Whether something may be written on behalf of a bucket's owner: nobody with a higher token has.
     *
     * @param token of whoever writes; remembered if it is higher than any before
     */
    public synchronized boolean admits(int bucket, long token) {
        Owner owner = this.owners.getOrDefault(bucket, new Owner("", 0));
        if (token < owner.token) {
            return false;
        }
        this.owners.put(bucket, new Owner(owner.origin, token));
        return true;
    }

    /** Everything is lost, as by a server that kept nothing. */
    public synchronized void forget() {
        this.leases.clear();
        this.owners.clear();
        this.sequence = 0;
    }
}
