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
    private final BackplaneListener listener = new BackplaneListener() {
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
        public boolean onLoss(RoutingKey key, long events) {
            FeedTests.this.seen.add("lost " + events);
            return true;
        }
    };
    private final Feed feed = new Feed(ROOM, this.listener, BackplaneObserver.none());

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

    private static Cursor anew(long offset) {
        return new Cursor("efgh", offset);
    }

    private static Broker.Slice slice(long after, long head, String... ids) {
        List<Broker.Entry> entries = new ArrayList<>();
        for (String id : ids) {
            entries.add(new Broker.Entry(anew(after + entries.size() + 1), new byte[] {(byte) id.charAt(0)}));
        }
        return new Broker.Slice(true, entries, head - after, anew(head));
    }

    private Cursor read(Cursor after, Broker.Slice slice) {
        return this.feed.read(after, slice, entry -> envelope(String.valueOf((char) entry.envelope()[0])));
    }

    /** Read from its beginning, it would bring events that members had minutes ago, and the window forgot their ids. */
    @Test
    void aStreamThatGoesOnUnderAnotherEpochBringsNothingAgainThatWasHere() {
        this.feed.start(at(10));

        assertThat(this.feed.recorded(envelope("k"), anew(11), 10)).isEqualTo(Received.DELIVERED);
        assertThat(this.feed.isBehind()).isFalse();
        assertThat(this.seen).containsExactly("lost -1", "k");
    }

    @Test
    void whatAStreamUnderAnotherEpochHasBehindThePlaceThatIsKnownHereIsRead() {
        this.feed.start(at(10));

        assertThat(this.feed.recorded(envelope("m"), anew(13), 12)).isEqualTo(Received.BEHIND);
        Cursor after = this.feed.beginReading();
        assertThat(after).isEqualTo(anew(10));
        assertThat(read(after, slice(10, 13, "k", "l", "m"))).isNull();
        assertThat(this.seen).containsExactly("lost -1", "k", "l", "m");
    }

    /** Offsets 9 and 10 were lost by the store, and one of them was given again. */
    @Test
    void anOffsetThatIsGivenAgainIsDeliveredAndNothingBeforeIt() {
        this.feed.start(at(10));

        assertThat(this.feed.recorded(envelope("i"), anew(9), 8)).isEqualTo(Received.DELIVERED);
        assertThat(this.feed.recorded(envelope("j"), anew(10), 9)).isEqualTo(Received.DELIVERED);
        assertThat(this.feed.isBehind()).isFalse();
        assertThat(this.seen).containsExactly("lost -1", "i", "j");
    }

    /** Nobody published since: only the store tells, as after a reconnect. */
    @Test
    void whatTheStoreTookUnderAnotherEpochWhileNothingCameIsDeliveredBehindTheGap() {
        this.feed.start(at(10));
        this.feed.check();
        Cursor after = this.feed.beginReading();

        Cursor next = read(after, Broker.Slice.lost(anew(12)));

        assertThat(next).isEqualTo(anew(10));
        assertThat(read(next, slice(10, 12, "k", "l"))).isNull();
        assertThat(this.feed.isBehind()).isFalse();
        assertThat(this.feed.recorded(envelope("m"), anew(13), 12)).isEqualTo(Received.DELIVERED);
        assertThat(this.seen).containsExactly("lost -1", "k", "l", "m");
    }

    @Test
    void whereTheOtherEpochCannotBeReadFromTheKnownPlaceTheFeedGoesOnFromItsHead() {
        this.feed.start(at(10));
        this.feed.check();
        Cursor next = read(this.feed.beginReading(), Broker.Slice.lost(anew(500)));

        assertThat(read(next, Broker.Slice.lost(anew(500)))).isNull();
        assertThat(this.feed.recorded(envelope("a"), anew(501), 500)).isEqualTo(Received.DELIVERED);
        assertThat(this.seen).containsExactly("lost -1", "lost -1", "a");
    }

    /** The first change of an origin may be the one that did not come. */
    @Test
    void presenceOfWhichNothingCameIsReadOnceAnOriginTellsOfIt() {
        RoutingKey presence = new RoutingKey(RoutingKey.Kind.PRESENCE, null, "project:42");
        Feed watched = new Feed(presence, this.listener, BackplaneObserver.none());

        watched.told("origin", new Beacon.Position(presence, 1, 3, null));
        assertThat(this.seen).containsExactly("lost -1");
        watched.told("origin", new Beacon.Position(presence, 1, 3, null));
        assertThat(this.seen).hasSize(1);
        watched.uncertain("another");
        assertThat(this.seen).containsExactly("lost -1", "lost -1");
    }

    @Test
    void whatARoomsOriginsSentBeforeAnythingCameIsNoLoss() {
        this.feed.told("origin", new Beacon.Position(ROOM, 1, 3, null));
        this.feed.uncertain("another");
        this.feed.unheard();
        assertThat(this.seen).isEmpty();
    }

    @Test
    void aStreamThatWasEmptiedGoesOnWhereItIs() {
        this.feed.start(at(10));
        this.feed.check();

        assertThat(read(this.feed.beginReading(), Broker.Slice.lost(anew(2)))).isNull();
        assertThat(this.feed.recorded(envelope("c"), anew(3), 2)).isEqualTo(Received.DELIVERED);
        assertThat(this.seen).containsExactly("lost -1", "c");
    }
}
