package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.SubscriptionMode;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;

/** A broker of one node that answers at once and brings back what it is given. */
class StubBroker implements Broker {

    private final SubscriptionMode mode;
    private final AtomicLong offset = new AtomicLong();
    private Listener listener;
    private boolean closed;

    StubBroker(SubscriptionMode mode) {
        this.mode = mode;
    }

    @Override
    public String name() {
        return "stub";
    }

    @Override
    public SubscriptionMode mode() {
        return this.mode;
    }

    @Override
    public void start(Listener listener) {
        this.listener = listener;
    }

    boolean isClosed() {
        return this.closed;
    }

    Listener listener() {
        return Objects.requireNonNull(this.listener);
    }

    @Override
    public CompletionStage<Void> send(RoutingKey key, byte[] envelope) {
        listener().received(key, envelope, null);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope) {
        Cursor cursor = new Cursor("epoch", this.offset.incrementAndGet());
        listener().received(key, envelope, cursor);
        return CompletableFuture.completedFuture(cursor);
    }

    @Override
    public CompletionStage<Void> announce(byte[] beacon) {
        listener().announced(beacon);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return CompletableFuture.completedFuture(new Cursor("epoch", this.offset.get()));
    }

    @Override
    public CompletionStage<Slice> read(RoutingKey key, Cursor after, int limit) {
        return head(key).thenApply(head -> new Slice(true, List.of(), 0, head));
    }

    @Override
    public CompletionStage<Long> size(RoutingKey key) {
        return CompletableFuture.completedFuture(0L);
    }

    @Override
    public void close() {
        this.closed = true;
    }
}
