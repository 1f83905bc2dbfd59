package io.github.realtimespring.redis;

import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Finds out whether replicas of one master have what was appended there. {@code WAIT} holds up everything behind it on its
 * connection, so it has one of its own; and it asks for what its connection has written, so something small is written
 * first, which is behind the event in the stream of replication.
 *
 * <p>One {@code WAIT} is under way, and answers for everything that was appended before it began; who comes meanwhile waits
 * for the next one.
 *
 * <p>Guarded by its monitor, a leaf.
 */
final class Confirmations implements AutoCloseable {

    private final Link<StatefulRedisConnection<byte[], byte[]>> link;
    private final int replicas;
    private final long patience;
    /** Those that the next one answers; bounded by the publishes in flight. */
    private List<Waiting> next = new ArrayList<>();

    private boolean asking;

    private record Waiting(byte[] name, CompletableFuture<Void> confirmed) {}

    /**
     * @param replicas how many have to have it
     * @param timeout of a publish
     */
    Confirmations(Master master, int replicas, Duration timeout) {
        this.replicas = replicas;
        this.patience = Math.max(1, timeout.toMillis() * 3 / 4);
        this.link = new Link<>(
                master.name().replaceFirst("commands", "confirmations"),
                master.connections()::openCommands,
                new Owner(),
                timeout);
    }

    void start() {
        this.link.start();
    }

    /**
     * Completes when the replicas have everything that was answered before the call, or fails.
     *
     * @param name something that may be overwritten, in a slot of this master
     * @param millis how long that may take
     */
    CompletionStage<Void> confirm(byte[] name, long millis) {
        CompletableFuture<Void> confirmed = new CompletableFuture<>();
        synchronized (this) {
            this.next.add(new Waiting(name, confirmed));
        }
        ask();
        return confirmed.orTimeout(Math.max(1, millis), TimeUnit.MILLISECONDS);
    }

    private void ask() {
        List<Waiting> all;
        StatefulRedisConnection<byte[], byte[]> connection = this.link.connection();
        synchronized (this) {
            if (this.asking || this.next.isEmpty()) {
                return;
            }
            all = this.next;
            this.next = new ArrayList<>();
            this.asking = connection != null;
        }
        if (connection == null) {
            fail(all, new IllegalStateException("replicas cannot be asked: not connected to Redis"));
            return;
        }
        byte[] name = all.get(all.size() - 1).name();
        connection
                .async()
                .set(name, Frames.NOTHING, SetArgs.Builder.px(60_000))
                .thenCombine(connection.async().waitForReplication(this.replicas, this.patience), (set, have) -> have)
                .whenComplete((have, failure) -> {
                    synchronized (this) {
                        this.asking = false;
                    }
                    if (failure != null && Failures.unwrap(failure) instanceof RedisCommandTimeoutException) {
                        // WAIT itself ends sooner than that.
                        this.link.reset("replicas are asked and nothing is answered");
                    }
                    ask();
                    if (failure != null) {
                        fail(all, failure);
                    } else if (have < this.replicas) {
                        fail(all, new IllegalStateException(have + " of " + this.replicas + " replicas have it"));
                    } else {
                        all.forEach(waiting -> waiting.confirmed().complete(null));
                    }
                });
    }

    /** Whatever the reason is, the event was appended: nothing says that it was not. */
    private static void fail(List<Waiting> all, Throwable failure) {
        IllegalStateException unknown =
                new IllegalStateException("not confirmed by replicas", Failures.unwrap(failure));
        all.forEach(waiting -> waiting.confirmed().completeExceptionally(unknown));
    }

    @Override
    public void close() {
        this.link.close();
    }

    private static final class Owner implements Link.Owner<StatefulRedisConnection<byte[], byte[]>> {

        @Override
        public CompletionStage<?> prepare(StatefulRedisConnection<byte[], byte[]> connection) {
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void up() {}

        @Override
        public void down() {}
    }
}
