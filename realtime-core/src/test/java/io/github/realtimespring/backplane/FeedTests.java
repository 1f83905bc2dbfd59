package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Streams whose offsets have holes: what is behind an event is what the broker says. */
class FeedTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final List<String> seen = new ArrayList<>();
    private final Feed feed = new Feed(
            ROOM,
            new BackplaneListener() {
                @Override
                public Received onMessage(BackplaneMessage message) {
                    FeedTests.this.seen.add(message.event().id());
                    return Received.DELIVERED;
                }

                @Override
                public boolean isKnown(RoutingKey key, String eventId) {
                    return false;
                }

                @Override
                public boolean isNeeded(RoutingKey key) {
                    return true;
                }

                @Override
                public void onLoss(RoutingKey key, long events) {
                    FeedTests.this.seen.add("lost " + events);
                }
            },
            BackplaneObserver.none());

    private static Envelope envelope(String id) {
        Event event = new Event(
                id, ROOM, "test.event", Payload.NULL, DeliveryClass.RECOVERABLE, Instant.EPOCH, null, Set.of(), null);
        return new Envelope("origin", 0, 0, event);
    }

    private static Cursor at(long offset) {
        return new Cursor("abcd", offset);
    }

    @Test
    void anEventBehindTheOneBeforeItIsDeliveredHoweverFarApartTheyAre() {
        this.feed.start(at(10));

        assertThat(this.feed.recorded(envelope("a"), at(17), 10)).isEqualTo(Received.DELIVERED);
        assertThat(this.feed.recorded(envelope("b"), at(99), 17)).isEqualTo(Received.DELIVERED);
        assertThat(this.feed.recorded(envelope("b"), at(99), 17)).isEqualTo(Received.DUPLICATE);
        assertThat(this.seen).containsExactly("a", "b");
    }

    @Test
    void anEventIsBehindIfTheOneBeforeItIsMissingHoweverNearItIs() {
        this.feed.start(at(10));

        assertThat(this.feed.recorded(envelope("b"), at(12), 11)).isEqualTo(Received.BEHIND);
        Cursor after = this.feed.beginReading();
        assertThat(after).isEqualTo(at(10));
        Broker.Slice slice = new Broker.Slice(
                true,
                List.of(new Broker.Entry(at(11), new byte[] {'a'}), new Broker.Entry(at(12), new byte[] {'b'})),
                2,
                at(12));
        assertThat(this.feed.read(after, slice, entry -> envelope(String.valueOf((char) entry.envelope()[0]))))
                .isNull();
        assertThat(this.feed.recorded(envelope("c"), at(20), 12)).isEqualTo(Received.DELIVERED);
        assertThat(this.seen).containsExactly("a", "b", "c");
    }
}
