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
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be done when the connections to a master are back, or channels have moved to it, before the backplane compares
 * what it has with the store (rules B6 and B7 of {@code docs/contracts/backplane.md}).
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
    private final Supplier<Map<RoutingKey, Sights.Sight>> sights;
    private final Runnable reconnected;
    private final Runnable whole;
    private boolean closed;
    private boolean commandsUp;
    private boolean channelsUp;
    /** Whether something may have been missed. */
    private boolean uncertain;

    private boolean running;

    /**
     * @param sights the last places that are known of the streams that the master keeps
     * @param reconnected what is to be done afterwards
     * @param whole is called when both connections are there and nothing is to be looked at, for the first time or again
     */
    Recovery(Streams streams, Supplier<Map<RoutingKey, Sights.Sight>> sights, Runnable reconnected, Runnable whole) {
        this.streams = streams;
        this.sights = sights;
        this.reconnected = reconnected;
        this.whole = whole;
    }

    synchronized void close() {
        this.closed = true;
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

    void channelsUp() {
        synchronized (this) {
            this.channelsUp = true;
        }
        recover();
    }

    synchronized void channelsDown() {
        this.channelsUp = false;
        this.uncertain = true;
    }

    /** Something that was heard before is heard again. */
    void missed() {
        synchronized (this) {
            this.uncertain = true;
        }
        recover();
    }

    private void recover() {
        boolean certain;
        synchronized (this) {
            if (this.closed || this.running || !this.commandsUp || !this.channelsUp) {
                return;
            }
            certain = !this.uncertain;
            if (!certain) {
                this.running = true;
                this.uncertain = false;
            }
        }
        if (certain) {
            this.whole.run();
            return;
        }
        verify(this.sights.get().entrySet().iterator()).whenComplete((done, failure) -> {
            synchronized (this) {
                this.running = false;
                this.uncertain |= failure != null;
                if (this.closed) {
                    return;
                }
            }
            this.reconnected.run();
            if (failure != null) {
                logger.warn("Not every stream could be looked at; that is tried again: {}", failure.toString());
                CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS).execute(this::recover);
            } else {
                // Something may have been lost meanwhile.
                recover();
            }
        });
    }

    private CompletionStage<?> verify(Iterator<Map.Entry<RoutingKey, Sights.Sight>> sights) {
        List<CompletableFuture<?>> some = new ArrayList<>();
        while (sights.hasNext() && some.size() < BATCH) {
            Map.Entry<RoutingKey, Sights.Sight> sight = sights.next();
            some.add(verify(sight.getKey(), sight.getValue()).toCompletableFuture());
        }
        if (some.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        return CompletableFuture.allOf(some.toArray(CompletableFuture[]::new)).thenCompose(done -> verify(sights));
    }

    private CompletionStage<?> verify(RoutingKey key, Sights.Sight sight) {
        Cursor cursor = sight.cursor();
        Cursor before = new Cursor(cursor.epoch(), Math.max(0, cursor.offset() - 1));
        return this.streams.read(key, before, 1).thenCompose(slice -> {
            Cursor head = slice.head();
            List<Broker.Entry> entries = slice.entries();
            boolean other = !entries.isEmpty()
                    && !Sights.Sight.of(cursor, entries.get(0).envelope()).equals(sight);
            if (!head.epoch().equals(cursor.epoch()) || head.offset() >= cursor.offset() && !other) {
                return CompletableFuture.completedFuture(null);
            }
            logger.warn("Redis has lost events of {} that it had recorded; it goes on under another epoch", key);
            return this.streams.renew(key, cursor.epoch());
        });
    }
}
