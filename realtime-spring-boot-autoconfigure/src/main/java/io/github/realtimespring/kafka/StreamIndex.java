package io.github.realtimespring.kafka;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.history.HistoryLimits;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The streams of the keys of one partition, as far as they are kept in memory: the last entries of each, in the order of
 * the log. A position is the offset behind a record, so positions of one key grow and are never used again, but not by one.
 *
 * <p>Of each key it is known from which position on every entry is here, its floor; who asks for more is told that it is
 * lost. An id that comes a second time while the first is still here is a repeat: it has a place, because other nodes may
 * know less and count it, but nobody reads it unless it is the last of its stream.
 *
 * <h2>Concurrency</h2>
 *
 * Guarded by its monitor, a leaf. One thread adds.
 */
final class StreamIndex {

    /** An entry takes this much besides its envelope, about. */
    private static final int OVERHEAD = 160;

    private final HistoryLimits limits;
    private final int maxStreams;
    /** What all partitions of this node hold. */
    private final AtomicLong totalBytes;

    /** {@code null} while it is closed. */
    private @Nullable Function<RoutingKey, String> epochs;
    /** The least recently used first. */
    private final LinkedHashMap<RoutingKey, Stream> streams = new LinkedHashMap<>(16, 0.75f, true);
    /** In the order of the log; some are gone from their streams already. */
    private final ArrayDeque<Stored> log = new ArrayDeque<>();

    private int gone;
    /** The position from which on the partition was read. */
    private long start;
    /** How far it was read. */
    private long end;
    /** The last position of all streams that were forgotten. */
    private long forgotten;

    private static final class Stream {

        private final String epoch;
        private final ArrayDeque<Stored> entries = new ArrayDeque<>();
        private final Map<String, Stored> ids = new HashMap<>();
        private long floor;
        /** The position of the last entry that ever was; -1 if none is known. */
        private long last = -1;

        private long bytes;

        Stream(String epoch, long floor) {
            this.epoch = epoch;
            this.floor = floor;
        }

        long head() {
            return Math.max(this.last, this.floor);
        }
    }

    private static final class Stored {

        private final Stream stream;
        private final long position;
        private final String id;
        private final long time;
        private final boolean repeat;
        private byte @Nullable [] envelope;

        Stored(Stream stream, long position, String id, long time, boolean repeat, byte[] envelope) {
            this.stream = stream;
            this.position = position;
            this.id = id;
            this.time = time;
            this.repeat = repeat;
            this.envelope = envelope;
        }

        int bytes() {
            return OVERHEAD + (this.envelope == null ? 0 : this.envelope.length);
        }
    }

    /**
     * The place of an entry.
     *
     * @param previous the stream has nothing between this offset and the cursor's
     */
    record Place(Cursor cursor, long previous) {}

    StreamIndex(HistoryLimits limits, int maxStreams, AtomicLong totalBytes) {
        this.limits = limits;
        this.maxStreams = Math.max(1, maxStreams);
        this.totalBytes = totalBytes;
    }

    /** Forgets everything; until it begins anew nothing can be looked up. */
    synchronized void close() {
        while (!this.log.isEmpty()) {
            evictFirst();
        }
        this.streams.clear();
        this.epochs = null;
    }

    /** Begins anew: nothing before {@code start} is known. */
    synchronized void reset(Function<RoutingKey, String> epochs, long start) {
        close();
        this.epochs = epochs;
        this.start = start;
        this.end = start;
        this.forgotten = start;
    }

    /** The partition was read up to here, whatever it had. */
    synchronized void readTo(long end) {
        this.end = Math.max(this.end, end);
    }

    /** The next entry of a stream. */
    synchronized Place add(RoutingKey key, String id, long offset, long time, byte[] envelope) {
        long position = offset + 1;
        Stream stream = stream(key);
        long previous = stream.head();
        boolean repeat = stream.ids.containsKey(id);
        Stored stored = new Stored(stream, position, id, time, repeat, envelope);
        stream.entries.add(stored);
        stream.last = position;
        stream.bytes += stored.bytes();
        if (!repeat) {
            stream.ids.put(id, stored);
        }
        this.log.add(stored);
        this.totalBytes.addAndGet(stored.bytes());
        this.end = Math.max(this.end, position);
        while (stream.entries.size() > this.limits.roomEvents()
                || stream.bytes > this.limits.roomBytes() && stream.entries.size() > 1) {
            evict(stream);
            this.gone++;
        }
        while (this.totalBytes.get() > this.limits.totalBytes() && !this.log.isEmpty()) {
            evictFirst();
        }
        compact();
        return new Place(new Cursor(stream.epoch, position), previous);
    }

    /** Entries that are too old go. */
    synchronized void expire(long now) {
        long oldest = now - this.limits.ttl().toMillis();
        while (!this.log.isEmpty() && (isGone(this.log.peek()) || this.log.peek().time < oldest)) {
            evictFirst();
        }
    }

    /** The place of an id that the stream has. */
    synchronized @Nullable Cursor find(RoutingKey key, String id) {
        Stream stream = this.streams.get(key);
        Stored stored = stream == null ? null : stream.ids.get(id);
        return stream == null || stored == null ? null : new Cursor(stream.epoch, stored.position);
    }

    synchronized Cursor head(RoutingKey key) {
        Stream stream = stream(key);
        return new Cursor(stream.epoch, stream.head());
    }

    synchronized Broker.Slice read(RoutingKey key, Cursor after, int limit) {
        Stream stream = stream(key);
        Cursor head = new Cursor(stream.epoch, stream.head());
        long position = after.offset();
        if (!after.epoch().equals(stream.epoch) || position < stream.floor) {
            return Broker.Slice.lost(head);
        }
        if (stream.last < 0 && position <= this.end) {
            // Another node knows less of the partition, and said where that begins.
            return new Broker.Slice(true, List.of(), 0, after);
        }
        if (position > head.offset()) {
            return Broker.Slice.lost(head);
        }
        List<Broker.Entry> entries = new ArrayList<>();
        long missed = 0;
        for (Iterator<Stored> latest = stream.entries.descendingIterator(); latest.hasNext(); ) {
            Stored stored = latest.next();
            if (stored.position <= position) {
                break;
            }
            missed += isRead(stream, stored) ? 1 : 0;
        }
        for (Stored stored : stream.entries) {
            if (entries.size() >= limit || missed == 0) {
                break;
            }
            byte[] envelope = stored.envelope;
            if (stored.position > position && isRead(stream, stored) && envelope != null) {
                entries.add(new Broker.Entry(new Cursor(stream.epoch, stored.position), envelope));
            }
        }
        return new Broker.Slice(true, entries, missed, head);
    }

    synchronized long size(RoutingKey key) {
        Stream stream = this.streams.get(key);
        return stream == null
                ? 0
                : stream.entries.stream().filter(stored -> !stored.repeat).count();
    }

    private static boolean isRead(Stream stream, Stored stored) {
        return !stored.repeat || stored.position == stream.last;
    }

    private Stream stream(RoutingKey key) {
        Stream stream = this.streams.get(key);
        if (stream == null) {
            Function<RoutingKey, String> epochs = this.epochs;
            if (epochs == null) {
                throw new IllegalStateException("the partition is not read any more");
            }
            stream = new Stream(epochs.apply(key), Math.max(this.start, this.forgotten));
            this.streams.put(key, stream);
            if (this.streams.size() > this.maxStreams) {
                Iterator<Stream> eldest = this.streams.values().iterator();
                Stream least = eldest.next();
                eldest.remove();
                this.forgotten = Math.max(this.forgotten, least.head());
                while (!least.entries.isEmpty()) {
                    evict(least);
                    this.gone++;
                }
            }
        }
        return stream;
    }

    private void evictFirst() {
        Stored first = this.log.remove();
        if (isGone(first)) {
            this.gone--;
        } else {
            // Of its stream it is the first, too.
            evict(first.stream);
        }
    }

    private static boolean isGone(Stored stored) {
        return stored.envelope == null;
    }

    private void evict(Stream stream) {
        Stored first = stream.entries.remove();
        stream.floor = first.position;
        stream.bytes -= first.bytes();
        stream.ids.remove(first.id, first);
        this.totalBytes.addAndGet(-first.bytes());
        first.envelope = null;
    }

    private void compact() {
        if (this.gone > 1024 && this.gone > this.log.size() / 2) {
            this.log.removeIf(StreamIndex::isGone);
            this.gone = 0;
        }
    }
}
