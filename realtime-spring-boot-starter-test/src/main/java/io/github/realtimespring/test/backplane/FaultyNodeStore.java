package io.github.realtimespring.test.backplane;

import io.github.realtimespring.shard.NodeStore;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** A store of nodes that is asked through the faults of one of them. */
record FaultyNodeStore(NodeStore store, Faults faults) implements NodeStore {

    /** What becomes of a question on its way, and of its answer. */
    interface Faults {

        <T> CompletionStage<T> ask(Supplier<CompletionStage<T>> question);
    }

    @Override
    public String name() {
        return this.store.name();
    }

    @Override
    public CompletionStage<Nodes> renew(String origin, Duration lease, long seen, long highest) {
        return this.faults.ask(() -> this.store.renew(origin, lease, seen, highest));
    }

    @Override
    public CompletionStage<Void> leave(String origin) {
        return this.faults.ask(() -> this.store.leave(origin));
    }

    @Override
    public CompletionStage<List<Claimed>> claim(String origin, long sequence, Map<Integer, String> buckets) {
        return this.faults.ask(() -> this.store.claim(origin, sequence, buckets));
    }

    @Override
    public CompletionStage<Void> release(String origin, Collection<Integer> buckets) {
        return this.faults.ask(() -> this.store.release(origin, buckets));
    }
}
