package io.github.realtimespring.protocol;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Published;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** The local backplane, but that the first subscription to one key takes as long as a test wants. */
final class SlowBackplane implements BackplaneAdapter {

    private final BackplaneAdapter local;
    private final RoutingKey slow;
    private final CompletionStage<Void> first;
    private final AtomicBoolean subscribed = new AtomicBoolean();
    private final List<RoutingKey> released = new CopyOnWriteArrayList<>();

    SlowBackplane(BackplaneAdapter local, RoutingKey slow, CompletionStage<Void> first) {
        this.local = local;
        this.slow = slow;
        this.first = first;
    }

    /** The keys whose last member has left. */
    List<RoutingKey> released() {
        return this.released;
    }

    @Override
    public String name() {
        return "slow";
    }

    @Override
    public void start(BackplaneListener listener) {
        this.local.start(listener);
    }

    @Override
    public CompletionStage<Published> publish(BackplaneMessage message) {
        return this.local.publish(message);
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        return key.equals(this.slow) && this.subscribed.compareAndSet(false, true)
                ? this.first
                : this.local.subscribe(key);
    }

    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        this.released.add(key);
        return this.local.unsubscribe(key);
    }

    @Override
    public BackplaneStatus status() {
        return this.local.status();
    }

    @Override
    public void close() {
        this.local.close();
    }
}
