package io.github.realtimespring.history;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The streams of rooms in this process's memory, within {@link HistoryLimits}: of one room the oldest events go first, of
 * all rooms the oldest anywhere, and of more rooms than are remembered the one that was used least recently, position and
 * all. A room that is forgotten begins again with a new epoch, so an old cursor never matches it; one whose events are
 * gone keeps its position, so a client that missed nothing is told so however quiet the room is.
 *
 * <h2>Concurrency</h2>
 *
 * <b>Lock order:</b> monitor of a stream, then {@code lock}. Never two streams at once. What takes an event runs with the
 * stream's monitor held, so that places and deliveries have one order and nobody reads a place whose event was not taken;
 * it must not come back here.
 *
 * <table>
 *   <caption>What guards what</caption>
 *   <tr><td>{@code streams}, {@code oldest}, {@code newest}, {@code events}, {@code bytes}, and of a stream everything
 *   but its last place</td><td>{@code lock}</td></tr>
 *   <tr><td>{@code Stream.offset}</td><td>both for writing, either for reading</td></tr>
 *   <tr><td>{@code Stream.epoch}</td><td>{@code lock} for writing, which happens once, before the stream is used</td></tr>
 *   <tr><td>{@code Stream.placed}</td><td>the stream's monitor for writing</td></tr>
 * </table>
 *
 * <b>Invariants</b>, at every release of {@code lock}: a stream's entries are the last of its offsets, without a hole; the
 * list from {@code oldest} to {@code newest} holds the entries of all streams in the order of their times; {@code events}
 * and {@code bytes} are its sums. A stream that is in use is not forgotten. Every entry is added and removed once, so the
 * bounds cost a constant time per event.
 *
 * <p>Of the events that no stream has, a stream remembers how many are being delivered, and the last place that was given
 * when the last of them had been: a client that has an event behind that place had all of them before it, because a
 * queue is in order; one that has not may have missed some. A room that nobody has a cursor of has no stream for that.
 *
 * @since 0.1.0
 */
public final class MemoryStreams implements History {

    private static final char[] DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz".toCharArray();

    /** What an entry takes besides the payload and the payload's copy in the frame. */
    static final int OVERHEAD = 512;

    private final SecureRandom random = new SecureRandom();
    private final HistoryLimits limits;
    private final Ticker ticker;

    private final Object lock = new Object();
    /** The least recently used first. */
    private final LinkedHashMap<RoutingKey, Stream> streams = new LinkedHashMap<>(16, 0.75f, true);

    private @Nullable Entry oldest;
    private @Nullable Entry newest;
    private long events;
    private long bytes;

    /**
     * What is held in all.
     *
     * @param rooms rooms whose position is remembered
     * @param events events that can be replayed
     * @param bytes what they may take
     */
    public record Totals(int rooms, long events, long bytes) {}

    public MemoryStreams(HistoryLimits limits, Ticker ticker) {
        this.limits = limits;
        this.ticker = ticker;
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return CompletableFuture.completedFuture(using(key, Stream::head));
    }

    @Override
    public CompletionStage<Replay> since(RoutingKey key, Cursor cursor, int limit) {
        return CompletableFuture.completedFuture(using(key, stream -> {
            synchronized (this.lock) {
                expire(this.ticker.nanos());
                return stream.since(cursor, limit);
            }
        }));
    }

    @Override
    public Runnable unrecorded(RoutingKey key) {
        Stream stream;
        synchronized (this.lock) {
            stream = this.streams.computeIfAbsent(key, none -> new Stream());
            // Otherwise a stream could begin anew meanwhile, and know nothing of the event.
            stream.users++;
            stream.unrecorded++;
        }
        return () -> {
            synchronized (this.lock) {
                stream.unrecorded--;
                stream.lastUnrecorded = stream.placed;
                stream.users--;
                if (stream.users == 0 && stream.epoch == null) {
                    this.streams.remove(key);
                }
            }
        };
    }

    @Override
    public CompletionStage<Long> size(RoutingKey key) {
        long size;
        synchronized (this.lock) {
            expire(this.ticker.nanos());
            Stream stream = this.streams.get(key);
            size = stream == null ? 0 : stream.size;
        }
        return CompletableFuture.completedFuture(size);
    }

    /** What is held in all at this moment. */
    public Totals totals() {
        synchronized (this.lock) {
            expire(this.ticker.nanos());
            return new Totals(this.streams.size(), this.events, this.bytes);
        }
    }

    /**
     * Gives an event the next place in its room's stream and hands it to {@code taker} with its cursor. Places are given
     * in order and one at a time per room; if the taker throws, the event is not in the stream and the place stays free
     * for the next one.
     *
     * @return the event's place
     */
    public Cursor append(Event event, Consumer<Event> taker) {
        return using(event.key(), stream -> {
            Cursor place = new Cursor(stream.epoch(), stream.offset + 1);
            stream.placed = place.offset();
            Event placed = event.withCursor(place);
            taker.accept(placed);
            synchronized (this.lock) {
                long now = this.ticker.nanos();
                add(stream, new Recorded(placed), now);
                while (stream.size > this.limits.roomEvents() || stream.bytes > this.limits.roomBytes()) {
                    removeFirst(stream);
                }
                expire(now);
                while (this.bytes > this.limits.totalBytes()) {
                    removeFirst(Objects.requireNonNull(this.oldest).stream);
                }
            }
            return place;
        });
    }

    /** Runs {@code action} on the stream of a room, alone, and keeps the stream from being forgotten meanwhile. */
    private <T> T using(RoutingKey key, Function<Stream, T> action) {
        Stream stream = enter(key);
        try {
            synchronized (stream) {
                return action.apply(stream);
            }
        } finally {
            synchronized (this.lock) {
                stream.users--;
            }
        }
    }

    private Stream enter(RoutingKey key) {
        synchronized (this.lock) {
            Stream stream = this.streams.computeIfAbsent(key, none -> new Stream());
            if (stream.epoch == null) {
                stream.epoch = newEpoch();
            }
            stream.users++;
            if (this.streams.size() > this.limits.rooms()) {
                forgetRooms();
            }
            return stream;
        }
    }

    private void forgetRooms() {
        Iterator<Map.Entry<RoutingKey, Stream>> eldest = this.streams.entrySet().iterator();
        while (this.streams.size() > this.limits.rooms() && eldest.hasNext()) {
            Stream stream = eldest.next().getValue();
            if (stream.users == 0) {
                while (stream.size > 0) {
                    removeFirst(stream);
                }
                eldest.remove();
            }
        }
    }

    private void expire(long now) {
        long ttl = this.limits.ttl().toNanos();
        for (Entry entry = this.oldest; entry != null && now - entry.time > ttl; entry = this.oldest) {
            removeFirst(entry.stream);
        }
    }

    private void add(Stream stream, Recorded recorded, long now) {
        Entry entry = new Entry(stream, recorded, now);
        entry.older = this.newest;
        if (this.newest == null) {
            this.oldest = entry;
        } else {
            this.newest.newer = entry;
        }
        this.newest = entry;
        this.events++;
        this.bytes += entry.bytes;
        stream.add(entry);
    }

    private void removeFirst(Stream stream) {
        Entry entry = stream.removeFirst();
        if (entry.older == null) {
            this.oldest = entry.newer;
        } else {
            entry.older.newer = entry.newer;
        }
        if (entry.newer == null) {
            this.newest = entry.older;
        } else {
            entry.newer.older = entry.older;
        }
        this.events--;
        this.bytes -= entry.bytes;
    }

    private String newEpoch() {
        char[] epoch = new char[12];
        for (int i = 0; i < epoch.length; i++) {
            epoch[i] = DIGITS[this.random.nextInt(DIGITS.length)];
        }
        return new String(epoch);
    }

    /** For tests: what the invariants say is wrong, empty if nothing is. */
    List<String> inconsistencies() {
        List<String> found = new ArrayList<>();
        synchronized (this.lock) {
            long events = 0;
            long bytes = 0;
            long time = Long.MIN_VALUE;
            for (Entry entry = this.oldest; entry != null; entry = entry.newer) {
                events++;
                bytes += entry.bytes;
                if (entry.time < time) {
                    found.add(entry.recorded + " is in the wrong place");
                }
                time = entry.time;
            }
            if (events != this.events || bytes != this.bytes) {
                found.add(
                        "counts " + this.events + " events, " + this.bytes + " bytes, holds " + events + ", " + bytes);
            }
            long inStreams = 0;
            for (Stream stream : this.streams.values()) {
                inStreams += stream.size;
            }
            if (inStreams != events) {
                found.add("streams hold " + inStreams + " events, the list " + events);
            }
        }
        return found;
    }

    private static final class Entry {

        final Stream stream;
        final Recorded recorded;
        final long time;
        final int bytes;

        @Nullable
        Entry older;

        @Nullable
        Entry newer;

        Entry(Stream stream, Recorded recorded, long time) {
            this.stream = stream;
            this.recorded = recorded;
            this.time = time;
            this.bytes = 2 * recorded.event().payload().size() + OVERHEAD;
        }
    }

    /** The events of a room that are left: those of the last {@code size} offsets, in a ring. */
    private static final class Stream {

        private static final int SMALLEST = 4;

        /** {@code null} as long as nobody was given a cursor. */
        @Nullable
        String epoch;

        long offset;
        /** The last place that was given: one more than {@code offset} while its event is being taken. */
        volatile long placed;

        int users;
        /** Events without a place that are being delivered. */
        int unrecorded;
        /** The last place that was given when the last event without one had been delivered. */
        long lastUnrecorded = -1;

        int size;
        long bytes;
        /** The slot of offset {@code n} is {@code n & (ring.length - 1)}. */
        private @Nullable Entry[] ring = new Entry[0];

        String epoch() {
            return Objects.requireNonNull(this.epoch);
        }

        Cursor head() {
            return new Cursor(epoch(), this.offset);
        }

        void add(Entry entry) {
            if (this.size == this.ring.length) {
                resize(Math.max(SMALLEST, this.size * 2));
            }
            this.offset++;
            this.ring[slot(this.offset)] = entry;
            this.size++;
            this.bytes += entry.bytes;
        }

        Entry removeFirst() {
            int slot = slot(this.offset - this.size + 1);
            Entry entry = Objects.requireNonNull(this.ring[slot]);
            this.ring[slot] = null;
            this.size--;
            this.bytes -= entry.bytes;
            if (this.size <= this.ring.length / 4) {
                resize(this.size == 0 ? 0 : Math.max(SMALLEST, this.ring.length / 2));
            }
            return entry;
        }

        Replay since(Cursor cursor, int limit) {
            long missed = this.offset - cursor.offset();
            if (!cursor.epoch().equals(epoch()) || missed < 0 || missed > this.size) {
                return Replay.lost(head());
            }
            List<Recorded> events = new ArrayList<>((int) Math.min(missed, limit));
            for (long n = cursor.offset() + 1; n <= this.offset && events.size() < limit; n++) {
                events.add(Objects.requireNonNull(this.ring[slot(n)]).recorded);
            }
            boolean unrecorded = this.unrecorded > 0 || cursor.offset() <= this.lastUnrecorded;
            return new Replay(true, events, missed, head(), unrecorded);
        }

        private void resize(int capacity) {
            if (capacity == this.ring.length) {
                return;
            }
            @Nullable Entry[] entries = new Entry[capacity];
            for (long n = this.offset - this.size + 1; n <= this.offset; n++) {
                entries[(int) n & (capacity - 1)] = this.ring[slot(n)];
            }
            this.ring = entries;
        }

        private int slot(long n) {
            return (int) n & (this.ring.length - 1);
        }
    }
}
