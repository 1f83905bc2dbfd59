package io.github.realtimespring.actuate;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Peer;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.ShardRouter;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What this node sees of the others: who lives, what it owns among them, how even connections are ({@link RealtimeMeter}). A
 * node alone has the same meters.
 *
 * @since 0.1.0
 */
public final class ClusterMeters implements MeterBinder {

    private final ShardRouter router;
    private final BackplaneAdapter backplane;
    private final ConnectionRegistry connections;

    public ClusterMeters(ShardRouter router, BackplaneAdapter backplane, ConnectionRegistry connections) {
        this.router = router;
        this.backplane = backplane;
        this.connections = connections;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        gauge(registry, RealtimeMeter.SHARDS_NODES, ClusterMeters::nodes);
        gauge(registry, RealtimeMeter.SHARDS_OWNED, ClusterMeters::owned);
        gauge(
                registry,
                RealtimeMeter.NODES_CONNECTIONS_MAX,
                of -> of.each().stream().mapToInt(n -> n).max().orElse(0));
        gauge(
                registry,
                RealtimeMeter.NODES_CONNECTIONS_MEAN,
                of -> of.each().stream().mapToInt(n -> n).average().orElse(0));
        FunctionCounter.builder(RealtimeMeter.SHARDS_FAILURES.getName(), this, ClusterMeters::failures)
                .baseUnit(RealtimeMeter.SHARDS_FAILURES.getBaseUnit())
                .description(RealtimeMeter.SHARDS_FAILURES.getDescription())
                .register(registry);
        Counter began = changes(registry, "began");
        Counter ended = changes(registry, "ended");
        this.router.addListener(new ShardRouter.Listener() {
            @Override
            public void taken(int bucket, long token) {
                began.increment();
            }

            @Override
            public void lost(int bucket) {
                ended.increment();
            }
        });
    }

    private void gauge(MeterRegistry registry, RealtimeMeter meter, ToDoubleFunction<ClusterMeters> value) {
        Gauge.builder(meter.getName(), this, value)
                .baseUnit(meter.getBaseUnit())
                .description(meter.getDescription())
                .strongReference(true)
                .register(registry);
    }

    private static Counter changes(MeterRegistry registry, String change) {
        return Counter.builder(RealtimeMeter.SHARDS_CHANGES.getName())
                .baseUnit(RealtimeMeter.SHARDS_CHANGES.getBaseUnit())
                .description(RealtimeMeter.SHARDS_CHANGES.getDescription())
                .tags(Tags.of("change", change))
                .register(registry);
    }

    private int nodes() {
        LeasedShardRouter leased = leased();
        return leased == null ? 1 : leased.nodes().size();
    }

    private long failures() {
        LeasedShardRouter leased = leased();
        return leased == null ? 0 : leased.failures();
    }

    private int owned() {
        LeasedShardRouter leased = leased();
        return leased == null ? this.router.buckets() : leased.owned();
    }

    private @Nullable LeasedShardRouter leased() {
        return this.router instanceof LeasedShardRouter leased ? leased : null;
    }

    /** Connections of every node that is heard, this one first. */
    private List<Integer> each() {
        List<Integer> each = new ArrayList<>();
        each.add(this.connections.size());
        if (this.backplane instanceof BrokerBackplane shared) {
            shared.peers().stream().map(Peer::connections).forEach(each::add);
        }
        return each;
    }
}
