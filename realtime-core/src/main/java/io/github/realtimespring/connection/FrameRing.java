package io.github.realtimespring.connection;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Frames in the order in which they leave, each with the time since when it waits. Places are numbered and stay valid
 * until {@link #push} or {@link #shrink}; a place in the middle may be emptied. Guarded by its queue's monitor.
 */
final class FrameRing {

    private static final int SMALLEST = 8;
    private static final int LARGEST_KEPT = 64;

    private @Nullable Frame[] frames = new Frame[SMALLEST];
    private long[] since = new long[SMALLEST];
    /** The slot of place {@code n} is {@code n & (frames.length - 1)}. */
    private long head;

    private long tail;
    /** Where the unsent value of a coalescing key stands. */
    private @Nullable Map<Object, Long> places;

    /** The first place. */
    long head() {
        return this.head;
    }

    /** The place behind the last. */
    long tail() {
        return this.tail;
    }

    boolean isEmpty() {
        return this.head == this.tail;
    }

    /** The frame in a place; {@code null} if it was emptied. */
    @Nullable
    Frame at(long place) {
        return this.frames[slot(place)];
    }

    /** Since when the frame in a place waits. */
    long since(long place) {
        return this.since[slot(place)];
    }

    /** The place of the unsent value of a coalescing key, or -1. */
    long find(Object coalescing) {
        Long place = this.places == null ? null : this.places.get(coalescing);
        return place == null ? -1 : place;
    }

    void push(Frame frame, long now) {
        if (this.tail - this.head == this.frames.length) {
            makeRoom();
        }
        this.frames[slot(this.tail)] = frame;
        this.since[slot(this.tail)] = now;
        Object coalescing = frame.coalescing();
        if (coalescing != null) {
            if (this.places == null) {
                this.places = new HashMap<>(4);
            }
            this.places.put(coalescing, this.tail);
        }
        this.tail++;
    }

    /** Puts a frame in the place of another that coalesces with it, or in an emptied place. */
    void put(long place, Frame frame, long now) {
        this.frames[slot(place)] = frame;
        this.since[slot(place)] = now;
    }

    /** Empties a place. */
    void empty(long place, Frame frame) {
        this.frames[slot(place)] = null;
        Object coalescing = frame.coalescing();
        if (coalescing != null && this.places != null) {
            this.places.remove(coalescing, place);
        }
    }

    /** The first place, emptied, is no longer one. */
    void advance() {
        this.head++;
    }

    void restart(long now) {
        for (long n = this.head; n < this.tail; n++) {
            this.since[slot(n)] = now;
        }
    }

    void clear() {
        this.frames = new Frame[SMALLEST];
        this.since = new long[SMALLEST];
        this.head = this.tail;
        this.places = null;
    }

    /** How many frames fit without growing. */
    int capacity() {
        return this.frames.length;
    }

    /** Gives back what a burst took. */
    void shrink() {
        if (this.frames.length > LARGEST_KEPT) {
            resize(SMALLEST);
        }
    }

    private int slot(long n) {
        return (int) n & (this.frames.length - 1);
    }

    /** Closes up over emptied places where that is enough, so that dropping does not grow the ring; else doubles it. */
    private void makeRoom() {
        int live = 0;
        for (Frame frame : this.frames) {
            live += frame == null ? 0 : 1;
        }
        if (live > this.frames.length / 2) {
            resize(this.frames.length * 2);
            return;
        }
        @Nullable Frame[] frames = new Frame[this.frames.length];
        long[] times = new long[this.frames.length];
        long to = this.head;
        for (long n = this.head; n < this.tail; n++) {
            Frame frame = this.frames[slot(n)];
            if (frame != null) {
                frames[slot(to)] = frame;
                times[slot(to)] = this.since[slot(n)];
                if (frame.coalescing() != null && this.places != null && this.places.remove(frame.coalescing(), n)) {
                    this.places.put(frame.coalescing(), to);
                }
                to++;
            }
        }
        this.tail = to;
        this.frames = frames;
        this.since = times;
    }

    private void resize(int capacity) {
        @Nullable Frame[] frames = new Frame[capacity];
        long[] times = new long[capacity];
        for (long n = this.head; n < this.tail; n++) {
            int to = (int) n & (capacity - 1);
            frames[to] = this.frames[slot(n)];
            times[to] = this.since[slot(n)];
        }
        this.frames = frames;
        this.since = times;
    }
}
