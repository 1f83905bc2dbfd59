package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered of events by key and id, the oldest forgotten first: by number and by age. A cache would not do: one
 * that guesses which entries will be useful forgets new ids before old ones, and a repeat is nearly always of a new one.
 *
 * <p>Thread-safe. Each stripe is guarded by its monitor, a leaf; the number is bounded for each stripe.
 */
final class EventWindow<V> {

    private static final int STRIPES = 16;

    /** Fibonacci hashing: 2^32 over the golden ratio; the highest bits of a product depend on all bits of a hash. */
    private static final int GOLDEN_RATIO = 0x9E3779B9;

    private final Stripe<V>[] stripes;
    private final int sizeOfStripe;
    private final long ttl;
    private final Ticker ticker;

    /** Names an event: ids are unique within a key. */
    record Key(RoutingKey key, String id) {

        static Key of(Event event) {
            return new Key(event.key(), event.id());
        }
    }

    private record Entry<V>(V value, long since) {}

    /** In the order of insertion. */
    private static final class Stripe<V> extends LinkedHashMap<Key, Entry<V>> {

        private static final long serialVersionUID = 1L;
    }

    /**
     * @param size how many events are remembered, about
     * @param ttl how long
     */
    @SuppressWarnings({"unchecked", "rawtypes"})
    EventWindow(int size, Duration ttl, Ticker ticker) {
        this.stripes = new Stripe[size < 64 * STRIPES ? 1 : STRIPES];
        for (int i = 0; i < this.stripes.length; i++) {
            this.stripes[i] = new Stripe<>();
        }
        this.sizeOfStripe = (size + this.stripes.length - 1) / this.stripes.length;
        this.ttl = ttl.toNanos();
        this.ticker = ticker;
    }

    /** Remembers {@code value} unless something is remembered already, and returns that. */
    @Nullable
    V putIfAbsent(Key key, V value) {
        long now = this.ticker.nanos();
        Stripe<V> stripe = stripe(key);
        synchronized (stripe) {
            forget(stripe, now);
            Entry<V> present = stripe.putIfAbsent(key, new Entry<>(value, now));
            if (present != null) {
                return present.value();
            }
            if (stripe.size() > this.sizeOfStripe) {
                removeEldest(stripe);
            }
            return null;
        }
    }

    @Nullable
    V get(Key key) {
        long now = this.ticker.nanos();
        Stripe<V> stripe = stripe(key);
        synchronized (stripe) {
            Entry<V> present = stripe.get(key);
            return present == null || now - present.since() > this.ttl ? null : present.value();
        }
    }

    /** Remembers {@code value} in the place of {@code present}, if that is what is remembered. */
    boolean replace(Key key, V present, V value) {
        Stripe<V> stripe = stripe(key);
        synchronized (stripe) {
            Entry<V> entry = stripe.get(key);
            if (entry == null || entry.value() != present) {
                return false;
            }
            stripe.put(key, new Entry<>(value, entry.since()));
            return true;
        }
    }

    /** Forgets {@code value}, if that is what is remembered. */
    void remove(Key key, V value) {
        Stripe<V> stripe = stripe(key);
        synchronized (stripe) {
            Entry<V> entry = stripe.get(key);
            if (entry != null && entry.value() == value) {
                stripe.remove(key);
            }
        }
    }

    /** How many events are remembered. */
    int size() {
        int size = 0;
        for (Stripe<V> stripe : this.stripes) {
            synchronized (stripe) {
                forget(stripe, this.ticker.nanos());
                size += stripe.size();
            }
        }
        return size;
    }

    private Stripe<V> stripe(Key key) {
        return this.stripes[stripe(key.id()) & (this.stripes.length - 1)];
    }

    /** Not by the bits that the map of a stripe chooses its bins by: those would be the same for all of its keys. */
    static int stripe(String id) {
        return id.hashCode() * GOLDEN_RATIO >>> 28;
    }

    private void forget(Stripe<V> stripe, long now) {
        Iterator<Entry<V>> eldest = stripe.values().iterator();
        while (eldest.hasNext() && now - eldest.next().since() > this.ttl) {
            eldest.remove();
        }
    }

    private static <V> void removeEldest(Stripe<V> stripe) {
        Iterator<Entry<V>> eldest = stripe.values().iterator();
        eldest.next();
        eldest.remove();
    }
}
