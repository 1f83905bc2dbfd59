package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SseTextTests {

    private static final StreamRooms ONE = StreamRooms.parse(List.of("a"), null);
    private static final StreamRooms TWO = StreamRooms.parse(List.of("a", "b"), null);

    private static Frame frame(String room, long offset, String json) {
        return Frame.joined(json.getBytes(StandardCharsets.UTF_8), RoutingKey.room(room), new Cursor("epoch", offset));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void framesWithAPlaceInTheStreamHaveAnId() {
        StreamPosition position = StreamPosition.of(ONE);
        Frame plain = Frame.direct("{}".getBytes(StandardCharsets.UTF_8));

        assertThat(text(SseText.encode(List.of(frame("a", 1, "{\"n\":1}"), plain), position, true)))
                .isEqualTo("id: epoch.1\ndata: {\"n\":1}\n\ndata: {}\n\n");
    }

    @Test
    void whatIsSharedIsEncodedOnceForAllStreamsOfARoom() {
        Frame event = frame("a", 1, "{}");
        byte[] one = SseText.encode(List.of(event), StreamPosition.of(ONE), true);

        assertThat(SseText.encode(List.of(event), StreamPosition.of(ONE), true)).isSameAs(one);
    }

    @Test
    void theIdOfSeveralRoomsHoldsAllOfThem() {
        StreamPosition position = StreamPosition.of(TWO);
        String text = text(SseText.encode(List.of(frame("b", 1, "{}"), frame("a", 5, "{}")), position, false));

        assertThat(text)
                .isEqualTo("id: -_epoch.1_" + TWO.hash() + "\ndata: {}\n\nid: epoch.5_epoch.1_" + TWO.hash()
                        + "\ndata: {}\n\n");
    }

    @Test
    void aLineBreakOfAnEncoderOfTheApplicationEndsNoField() {
        assertThat(text(SseText.encode("", Frame.direct("{\r\n1:2}".getBytes(StandardCharsets.UTF_8)))))
                .isEqualTo("data: {\ndata: \ndata: 1:2}\n\n");
    }
}
