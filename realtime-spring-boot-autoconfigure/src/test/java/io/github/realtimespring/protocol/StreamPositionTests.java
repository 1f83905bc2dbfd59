package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import java.net.URI;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamPositionTests {

    private static final StreamRooms ONE = StreamRooms.parse(List.of("a:1"), null);
    private static final StreamRooms TWO = StreamRooms.parse(List.of("a:1", "b:2"), "acme");

    private static Frame at(String room, String tenant, long offset) {
        return Frame.joined(new byte[0], RoutingKey.room(room).withTenant(tenant), new Cursor("epoch", offset));
    }

    @Test
    void thePositionInOneRoomIsItsCursor() {
        StreamPosition position = StreamPosition.of(ONE);
        position.follow(at("a:1", null, 7));

        assertThat(position).hasToString("epoch.7");
        assertThat(StreamPosition.parse(ONE, "epoch.7").orElseThrow().cursor(0)).isEqualTo(new Cursor("epoch", 7));
    }

    @Test
    void thePositionInSeveralRoomsHoldsEveryCursorAndFitsNoOtherRooms() {
        StreamPosition position = StreamPosition.of(TWO);
        assertThat(position.follow(at("b:2", "acme", 3))).isTrue();
        assertThat(position.follow(at("b:2", "other", 9))).isFalse();
        String text = position.toString();

        assertThat(text).matches("-_epoch\\.3_[0-9a-f]{16}");
        StreamPosition read = StreamPosition.parse(TWO, text).orElseThrow();
        assertThat(read.cursor(0)).isNull();
        assertThat(read.cursor(1)).isEqualTo(new Cursor("epoch", 3));
        assertThat(StreamPosition.parse(StreamRooms.parse(List.of("b:2", "a:1"), "acme"), text))
                .isEmpty();
        assertThat(StreamPosition.parse(StreamRooms.parse(List.of("a:1", "b:2"), null), text))
                .isEmpty();
        assertThat(StreamPosition.parse(ONE, text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "epoch", "epoch.", "epoch.-1", "epoch.99999999999999999999", "\r\nid: x", "ep\u00f6ch.1"})
    void whatIsNoPositionIsNotRead(String text) {
        assertThat(StreamPosition.parse(ONE, text)).isEmpty();
        assertThat(StreamPosition.parse(TWO, text)).isEmpty();
        assertThat(StreamPosition.parse(ONE, "x".repeat(100_000))).isEmpty();
    }

    @Test
    void aRoomMayNameTheCursorToGoOnFrom() {
        StreamRooms rooms = StreamRooms.parse(List.of("a:1@epoch.7", "b@c"), null);

        assertThat(rooms.key(0)).isEqualTo(RoutingKey.room("a:1"));
        assertThat(rooms.since(0)).isEqualTo(new Cursor("epoch", 7));
        assertThat(rooms.key(1)).isEqualTo(RoutingKey.room("b@c"));
        assertThat(rooms.since(1)).isNull();
    }

    @Test
    void thereAreOneToEightRoomsAndEachOnce() {
        List<String> eight = IntStream.range(0, 8).mapToObj(Integer::toString).toList();
        assertThat(StreamRooms.parse(eight, null).size()).isEqualTo(8);
        for (List<String> bad : List.of(
                List.<String>of(),
                IntStream.range(0, 9).mapToObj(Integer::toString).toList(),
                List.of("a", "a"))) {
            assertThatThrownBy(() -> StreamRooms.parse(bad, null)).isInstanceOf(RealtimeException.class);
        }
    }

    @Test
    void aQueryIsDecodedStrictly() {
        Query query = Query.of(URI.create("/sse?room=a%3A1&room=%C3%A4+b&x"));
        assertThat(query.all("room")).containsExactly("a:1", "\u00e4 b");
        assertThat(query.one("x")).isEmpty();
        assertThat(query.one("y")).isNull();
        assertThatThrownBy(() -> query.one("room")).isInstanceOf(RealtimeException.class);
        assertThatThrownBy(() -> Query.of(URI.create("/sse?room=%C3"))).isInstanceOf(RealtimeException.class);
    }

    @Test
    void aPollCursorNamesItsConnectionOrNone() {
        PollCursor cursor = PollCursor.parse("epoch.7~c123.4");
        assertThat(cursor.position()).isEqualTo("epoch.7");
        assertThat(cursor.connection()).hasToString("c123");
        assertThat(cursor.seen()).isEqualTo(4);
        assertThat(cursor).hasToString("epoch.7~c123.4");
        assertThat(PollCursor.parse("epoch.7").connection()).isNull();
        assertThat(PollCursor.parse("epoch.7~c1\r.4").connection()).isNull();
    }
}
