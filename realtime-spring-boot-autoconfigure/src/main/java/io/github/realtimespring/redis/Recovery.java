package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be done when connections are back, before the backplane compares what it has with the store (rules B6 and
 * B7 of {@code docs/contracts/backplane.md}).
 *
 * <p>A server that was started again, or a replica that took over, may have lost the end of a stream and given its
 * offsets once more. So every stream that this node knows a place of is asked for it: if the place is gone from the end
 * or something else is in it, the stream goes on under another epoch, with the events that it has. Without that, a
 * position of the time before would be in force, and who holds it would be told that nothing is missing.
 *
 * <p>Guarded by its monitor, which is never held while something is called.
 */
final class Recovery {

    private static final Logger logger = LoggerFactory.getLogger(Recovery.class);

    /** Streams that are looked at together. */
    private static final int BATCH = 128;

    private final Streams streams;
    private @Nullable Channels channels;
    private Broker.@Nullable Listener listener;
    private boolean commandsUp;
    private boolean channelsUp;
    /** Whether something may have been missed. */
    private boolean uncertain;

    private boolean running;

    Recovery(Streams streams) {
        this.streams = streams;
    }

    synchronized void start(Channels channels, Broker.Listener listener) {
        this.channels = channels;
        this.listener = listener;
    }

    synchronized void close() {
        this.listener = null;
    }

    void commandsUp() {
        synchronized (this) {
            this.commandsUp = true;
        }
        recover();
    }

    synchronized void commandsDown() {
        this.commandsUp = false;
        this.uncertain = true;
    }

    /** Is told of the connection for channels. */
    Link.Owner<Object> channels() {
        return new Link.Owner<>() {

            @Override
            public CompletionStage<?> prepare(Object connection) {
                return CompletableFuture.completedFuture(null);
            }

            @Override
            public void up() {
                synchronized (Recovery.this) {
                    Recovery.this.channelsUp = true;
                }
                recover();
            }

            @Override
            public void down() {
                synchronized (Recovery.this) {
                    Recovery.this.channelsUp = false;
                    Recovery.this.uncertain = true;
                }
            }
        };
    }

    private void recover() {
        Map<RoutingKey, Channels.Sight> sights = null;
        Broker.Listener connected;
        synchronized (this) {
            if (this.running || !this.commandsUp || !this.channelsUp || this.channels == null) {
                return;
            }
            connected = this.listener;
            if (this.uncertain) {
                this.running = true;
                this.uncertain = false;
                sights = this.channels.sights();
            }
        }
        if (sights == null) {
            if (connected != null) {
                connected.connected();
            }
            return;
        }
        verify(sights.entrySet().iterator()).whenComplete((done, failure) -> {
            Broker.Listener listener;
            synchronized (this) {
                this.running = false;
                this.uncertain |= failure != null;
                listener = this.listener;
            }
            if (listener == null) {
                return;
            }
            listener.reconnected();
            if (failure != null) {
                logger.warn("Not every stream could be looked at; that is tried again: {}", failure.toString());
                CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS).execute(this::recover);
            } else {
                // Something may have been lost meanwhile.
                recover();
            }
        });
    }

    private CompletionStage<?> verify(Iterator<Map.Entry<RoutingKey, Channels.Sight>> sights) {
        List<CompletableFuture<?>> some = new ArrayList<>();
        while (sights.hasNext() && some.size() < BATCH) {
            Map.Entry<RoutingKey, Channels.Sight> sight = sights.next();
            some.add(verify(sight.getKey(), sight.getValue()).toCompletableFuture());
        }
        if (some.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.allOf(some.toArray(CompletableFuture[]::new)).thenCompose(done -> verify(sights));
    }

    private CompletionStage<?> verify(RoutingKey key, Channels.Sight sight) {
        Cursor cursor = sight.cursor();
        Cursor before = new Cursor(cursor.epoch(), Math.max(0, cursor.offset() - 1));
        return this.streams.read(key, before, 1).thenCompose(slice -> {
            Cursor head = slice.head();
            List<Broker.Entry> entries = slice.entries();
            boolean other = !entries.isEmpty()
                    && !Channels.Sight.of(cursor, entries.get(0).envelope()).equals(sight);
            if (!head.epoch().equals(cursor.epoch()) || head.offset() >= cursor.offset() && !other) {
                return CompletableFuture.completedFuture(null);
            }
            logger.warn("Redis has lost events of {} that it had recorded; it goes on under another epoch", key);
            return this.streams.renew(key, cursor.epoch());
        });
    }
}
