package io.github.realtimespring.fanout;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.EventId;
import io.github.realtimespring.RoutingKey;
import java.util.BitSet;
import org.junit.jupiter.api.Test;

class EventWindowTests {

    private static final RoutingKey ROOM = RoutingKey.room("a");

    /** A map whose keys agree in the bits that it chooses bins by is a few trees, each as deep as it is large. */
    @Test
    void keysOfOneStripeDoNotShareTheBinsOfItsMap() {
        BitSet[] bins = new BitSet[16];
        for (int i = 0; i < 100_000; i++) {
            String id = EventId.next(i);
            int stripe = EventWindow.stripe(id);
            int hash = new EventWindow.Key(ROOM, id).hashCode();
            if (bins[stripe] == null) {
                bins[stripe] = new BitSet();
            }
            bins[stripe].set((hash ^ hash >>> 16) & 1023);
        }
        // 6,250 keys in 1,024 bins: two are empty by chance.
        assertThat(bins).allSatisfy(used -> assertThat(used.cardinality()).isGreaterThan(1000));
    }
}
