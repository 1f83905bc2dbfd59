package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How far the keys are that this node publishes to, and which of that other nodes have yet to be told (SPEC §6).
 *
 * <h2>Concurrency</h2>
 *
 * A key belongs to one of the stripes; everything of it is guarded by the stripe's monitor. Numbering and sending are one
 * step under it, so that sequences leave in their order. The broker is called with the monitor held; it does not wait and
 * does not call back with something that publishes. What beacons carry is used by the thread of the beacons and guarded
 * by {@code carried}; lock order: {@code carried}, then a stripe.
 */
final class Sequences {

    private static final int STRIPES = 64;

    /** Keys whose sequences are remembered, for each stripe. */
    private static final int KEYS = 100_000 / STRIPES;

    /** Keys that wait for a beacon, for each stripe. */
    private static final int WAITING = 65_536 / STRIPES;

    /** Keys in one beacon. */
    private static final int PER_BEACON = 512;

    /** Beacons of which it is remembered what they carried. */
    private static final int BEACONS = 8;

    private final Stripe[] stripes = new Stripe[STRIPES];
    private final AtomicLong runs = new AtomicLong();
    private final AtomicLong overflows = new AtomicLong();
    private final Set<Key> carried = new LinkedHashSet<>();
    private final Queue<Carriage> underWay = new ArrayDeque<>();
    private int nextStripe;
    private volatile long forgotten;

    /** One key. Guarded by its stripe. */
    private static final class Key {

        private final RoutingKey key;
        private final long run;
        private long sequence;
        private @Nullable Cursor cursor;
        /** Whether beacons carry it. */
        private boolean carried;
        /** Whether something is new since a beacon carried it. */
        private boolean changed;
        /** How many beacons with what it is now came back. */
        private int carries;

        Key(RoutingKey key, long run) {
            this.key = key;
            this.run = run;
        }
    }

    /** What one beacon said of one key. */
    private record Told(Key key, long sequence, @Nullable Cursor cursor) {}

    private record Carriage(long number, List<Told> told) {}

    private static final class Stripe {

        /** The least recently used first. */
        private final LinkedHashMap<RoutingKey, Key> keys = new LinkedHashMap<>(16, 0.75f, true);

        /** Those that wait for a beacon, the one that has been quiet for longest first. */
        private final LinkedHashMap<RoutingKey, Key> waiting = new LinkedHashMap<>();
    }

    Sequences() {
        for (int i = 0; i < STRIPES; i++) {
            this.stripes[i] = new Stripe();
        }
    }

    /** What is done with the next sequence of a key. */
    interface Sending<T> {
        T send(long run, long sequence);
    }

    /** Takes the next sequence of the key and does {@code sending} with it before anybody takes the one behind it. */
    <T> T next(RoutingKey key, Sending<T> sending) {
        Stripe stripe = stripe(key);
        synchronized (stripe) {
            Key state = state(stripe, key);
            state.sequence++;
            changed(stripe, state);
            return sending.send(state.run, state.sequence);
        }
    }

    /** The store gave a place in the key's stream. */
    void recorded(RoutingKey key, Cursor cursor) {
        Stripe stripe = stripe(key);
        synchronized (stripe) {
            Key state = state(stripe, key);
            Cursor before = state.cursor;
            if (before == null || !before.epoch().equals(cursor.epoch()) || before.offset() < cursor.offset()) {
                state.cursor = cursor;
                changed(stripe, state);
            }
        }
    }

    private Key state(Stripe stripe, RoutingKey key) {
        Key state = stripe.keys.get(key);
        if (state == null) {
            state = new Key(key, this.runs.incrementAndGet());
            stripe.keys.put(key, state);
            if (stripe.keys.size() > KEYS) {
                Iterator<Key> eldest = stripe.keys.values().iterator();
                eldest.next();
                eldest.remove();
            }
        }
        return state;
    }

    private void changed(Stripe stripe, Key state) {
        state.carries = 0;
        state.changed = true;
        if (!state.carried) {
            await(stripe, state);
        }
    }

    private void await(Stripe stripe, Key state) {
        stripe.waiting.remove(state.key);
        stripe.waiting.put(state.key, state);
        if (stripe.waiting.size() > WAITING) {
            Iterator<Key> eldest = stripe.waiting.values().iterator();
            eldest.next();
            eldest.remove();
            this.overflows.incrementAndGet();
        }
    }

    /**
     * What beacon {@code number} carries. A key that is carried is so in every beacon until it need not be any more; one
     * that events go on being published to makes room for those that are quiet, because its next event tells as much.
     */
    List<Beacon.Position> carry(long number) {
        List<Beacon.Position> positions = new ArrayList<>();
        synchronized (this.carried) {
            for (Iterator<Key> keys = this.carried.iterator(); keys.hasNext(); ) {
                Key state = keys.next();
                Stripe stripe = stripe(state.key);
                synchronized (stripe) {
                    if (state.changed) {
                        state.carried = false;
                        keys.remove();
                        await(stripe, state);
                    }
                }
            }
            for (int i = 0; i < STRIPES && this.carried.size() < PER_BEACON; i++) {
                take(this.stripes[this.nextStripe]);
                this.nextStripe = (this.nextStripe + 1) % STRIPES;
            }
            List<Told> told = new ArrayList<>(this.carried.size());
            for (Key state : this.carried) {
                synchronized (stripe(state.key)) {
                    state.changed = false;
                    told.add(new Told(state, state.sequence, state.cursor));
                    positions.add(new Beacon.Position(state.key, state.run, state.sequence, state.cursor));
                }
            }
            this.underWay.add(new Carriage(number, told));
            if (this.underWay.size() > BEACONS) {
                this.underWay.remove();
            }
        }
        return positions;
    }

    private void take(Stripe stripe) {
        synchronized (stripe) {
            Iterator<Key> waiting = stripe.waiting.values().iterator();
            while (waiting.hasNext() && this.carried.size() < PER_BEACON) {
                Key state = waiting.next();
                waiting.remove();
                state.carried = true;
                this.carried.add(state);
            }
        }
    }

    /** Beacon {@code number} came back. */
    void cameBack(long number) {
        synchronized (this.carried) {
            Carriage carriage = null;
            for (Carriage one : this.underWay) {
                if (one.number() == number) {
                    carriage = one;
                }
            }
            if (carriage == null || !this.underWay.remove(carriage)) {
                return;
            }
            for (Told told : carriage.told()) {
                Key state = told.key();
                Stripe stripe = stripe(state.key);
                synchronized (stripe) {
                    if (!state.carried || state.sequence != told.sequence() || state.cursor != told.cursor()) {
                        continue;
                    }
                    state.carries++;
                    if (state.carries >= Beacon.CARRIES) {
                        state.carried = false;
                        this.carried.remove(state);
                        this.forgotten = Math.max(this.forgotten, number);
                    }
                }
            }
        }
    }

    /** The number of the last beacon that carried a key which no beacon carries any more. */
    long forgotten() {
        return this.forgotten;
    }

    /** Keys that no beacon carried because too many waited. */
    long overflows() {
        return this.overflows.get();
    }

    private Stripe stripe(RoutingKey key) {
        // Not by the bits that the map of a stripe chooses its bins by.
        return this.stripes[key.hashCode() * 0x9E3779B9 >>> 26];
    }
}
