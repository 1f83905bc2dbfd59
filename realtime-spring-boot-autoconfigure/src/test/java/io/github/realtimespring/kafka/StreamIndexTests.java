package io.github.realtimespring.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.history.HistoryLimits;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StreamIndexTests {

    private static final RoutingKey ROOM = RoutingKey.room("one");
    private static final RoutingKey OTHER = RoutingKey.room("two");
    private static final HistoryLimits LIMITS = new HistoryLimits(3, 10_000, 100, 2_000, Duration.ofSeconds(10));

    private final AtomicLong bytes = new AtomicLong();
    private final StreamIndex index = index(LIMITS, 2);

    private StreamIndex index(HistoryLimits limits, int streams) {
        StreamIndex index = new StreamIndex(limits, streams, this.bytes);
        index.reset(key -> "epoch" + key.id(), 100);
        return index;
    }

    private StreamIndex.Place add(RoutingKey key, String id, long offset) {
        return this.index.add(key, id, offset, offset * 1000, new byte[10]);
    }

    private static Cursor at(long position) {
        return new Cursor("epochone", position);
    }

    private List<Long> read(long after, int limit) {
        Broker.Slice slice = this.index.read(ROOM, at(after), limit);
        assertThat(slice.available()).isTrue();
        return slice.entries().stream().map(entry -> entry.cursor().offset()).toList();
    }

    @Test
    void placesAreBehindTheRecordsAndNameTheEntryBefore() {
        assertThat(add(ROOM, "a", 105)).isEqualTo(new StreamIndex.Place(at(106), 100));
        add(OTHER, "b", 106);
        assertThat(add(ROOM, "c", 107)).isEqualTo(new StreamIndex.Place(at(108), 106));

        assertThat(this.index.head(ROOM)).isEqualTo(at(108));
        assertThat(read(100, 10)).containsExactly(106L, 108L);
        assertThat(read(105, 10)).containsExactly(106L, 108L);
        assertThat(read(106, 10)).containsExactly(108L);
        assertThat(read(100, 1)).containsExactly(106L);
        assertThat(this.index.read(ROOM, at(100), 0).missed()).isEqualTo(2);
    }

    @Test
    void whatIsBelowTheFloorOrBehindTheHeadIsLost() {
        for (int i = 0; i < 5; i++) {
            add(ROOM, "id" + i, 105 + i);
        }
        this.index.readTo(200);

        assertThat(read(107, 10)).containsExactly(108L, 109L, 110L);
        assertThat(this.index.read(ROOM, at(106), 10)).isEqualTo(Broker.Slice.lost(at(110)));
        assertThat(this.index.read(ROOM, at(111), 10).available()).isFalse();
        assertThat(this.index.read(ROOM, new Cursor("epochtwo", 110), 10).available())
                .isFalse();
    }

    @Test
    void aRoomOfWhichNothingIsKnownGoesOnFromEveryPositionThatWasRead() {
        this.index.readTo(200);

        assertThat(this.index.head(ROOM)).isEqualTo(at(100));
        assertThat(this.index.read(ROOM, at(150), 10)).isEqualTo(new Broker.Slice(true, List.of(), 0, at(150)));
        assertThat(this.index.read(ROOM, at(201), 10).available()).isFalse();
        assertThat(this.index.read(ROOM, at(99), 10).available()).isFalse();
    }

    @Test
    void aRepeatHasAPlaceAndIsReadOnlyAsTheLastOfItsStream() {
        add(ROOM, "a", 105);
        add(ROOM, "a", 106);
        assertThat(read(100, 10)).containsExactly(106L, 107L);

        add(ROOM, "b", 107);

        assertThat(read(100, 10)).containsExactly(106L, 108L);
        assertThat(read(107, 10)).containsExactly(108L);
        assertThat(this.index.find(ROOM, "a")).isEqualTo(at(106));
        assertThat(this.index.size(ROOM)).isEqualTo(2);
    }

    @Test
    void whatIsTooOldGoesAndTheHeadStays() {
        add(ROOM, "a", 105);
        add(ROOM, "b", 110);
        this.index.expire(116_000);

        assertThat(this.index.size(ROOM)).isEqualTo(1);
        assertThat(read(106, 10)).containsExactly(111L);
        this.index.expire(200_000);
        assertThat(this.index.size(ROOM)).isZero();
        assertThat(this.index.head(ROOM)).isEqualTo(at(111));
        assertThat(read(111, 10)).isEmpty();
        assertThat(this.index.read(ROOM, at(110), 10).available()).isFalse();
        assertThat(this.bytes).hasValue(0);
    }

    @Test
    void aStreamThatWasForgottenIsNotTakenForOneThatNeverWas() {
        add(ROOM, "a", 105);
        add(OTHER, "b", 106);
        add(RoutingKey.room("three"), "c", 107);

        assertThat(this.index.head(ROOM)).isEqualTo(at(106));
        assertThat(this.index.read(ROOM, at(105), 10).available()).isFalse();
        assertThat(this.index.find(ROOM, "a")).isNull();
    }

    @Test
    void bytesOfAllStreamsAreBounded() {
        StreamIndex other = index(LIMITS, 10);
        for (int i = 0; i < 200; i++) {
            add(ROOM, "id" + i, 105 + i);
            other.add(OTHER, "id" + i, 105 + i, 0, new byte[700]);
            assertThat(this.bytes.get()).isLessThanOrEqualTo(LIMITS.totalBytes());
        }
        assertThat(this.index.head(ROOM)).isEqualTo(at(305));
        this.index.reset(key -> "another", 0);
        other.reset(key -> "another", 0);
        assertThat(this.bytes).hasValue(0);
    }
}
