package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The last place that this node knows in the stream of each key that it has subscribed. Thread-safe; nothing waits. */
final class Sights {

    private final Map<RoutingKey, Known> known = new ConcurrentHashMap<>();

    /**
     * A place of a stream that this node knows, with what is in it.
     *
     * @param checksum of the envelope
     */
    record Sight(Cursor cursor, long checksum) {

        static Sight of(Cursor cursor, byte[] envelope) {
            CRC32C checksum = new CRC32C();
            checksum.update(envelope);
            return new Sight(cursor, checksum.getValue());
        }
    }

    /** Of one key; the monitor is a leaf. */
    private static final class Known {

        private volatile @Nullable Sight sight;

        synchronized void came(Sight sight) {
            this.sight = sight;
        }

        synchronized void recorded(Sight sight) {
            Sight before = this.sight;
            if (before == null
                    || before.cursor().epoch().equals(sight.cursor().epoch())
                            && before.cursor().offset() < sight.cursor().offset()) {
                this.sight = sight;
            }
        }
    }

    /** The key is subscribed. */
    void begin(RoutingKey key) {
        this.known.put(key, new Known());
    }

    /** The key is subscribed no longer. */
    void end(RoutingKey key) {
        this.known.remove(key);
    }

    /** An event came through a channel. What comes is in order, other epochs included. */
    void came(RoutingKey key, Cursor cursor, byte[] envelope) {
        Known known = this.known.get(key);
        if (known != null) {
            known.came(Sight.of(cursor, envelope));
        }
    }

    /** An event of this node was recorded; that may have come through the channel long ago. */
    void recorded(RoutingKey key, Cursor cursor, byte[] envelope) {
        Known known = this.known.get(key);
        if (known != null) {
            known.recorded(Sight.of(cursor, envelope));
        }
    }

    /** The last place, if one is known. */
    @Nullable
    Cursor cursor(RoutingKey key) {
        Known known = this.known.get(key);
        Sight sight = known == null ? null : known.sight;
        return sight == null ? null : sight.cursor();
    }

    Map<RoutingKey, Sight> all(Predicate<RoutingKey> wanted) {
        Map<RoutingKey, Sight> all = new HashMap<>();
        this.known.forEach((key, known) -> {
            Sight sight = known.sight;
            if (sight != null && wanted.test(key)) {
                all.put(key, sight);
            }
        });
        return all;
    }
}
