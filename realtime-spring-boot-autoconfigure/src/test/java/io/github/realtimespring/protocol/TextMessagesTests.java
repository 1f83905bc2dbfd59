package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.connection.Frame;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames as text messages on the wire (RFC 6455, section 5.2). */
class TextMessagesTests {

    @ParameterizedTest
    @ValueSource(ints = {1, 125, 126, 4095, 4096, 4097, 65_535, 65_536})
    void aFrameOfAnySizeIsOneFinalUnmaskedTextFrame(int size) {
        byte[] message = bytes(TextMessages.encode(List.of(frame("x".repeat(size)))));

        assertThat(message[0]).isEqualTo((byte) 0x81);
        int header = size < 126 ? 2 : size < 65_536 ? 4 : 10;
        ByteBuffer length = ByteBuffer.wrap(message, 1, header - 1);
        byte first = length.get();
        assertThat(first < 126 ? first : first == 126 ? length.getShort() & 0xffff : length.getLong())
                .isEqualTo(size);
        assertThat(new String(message, header, message.length - header, StandardCharsets.UTF_8))
                .isEqualTo("x".repeat(size));
    }

    @Test
    void severalFramesAreJoinedByLineBreaks() {
        byte[] message = bytes(TextMessages.encode(List.of(frame("a"), frame("bc"), frame("d"))));

        assertThat(message).containsExactly(0x81, 6, 'a', '\n', 'b', 'c', '\n', 'd');
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 5000})
    void aFrameForManyConnectionsIsWrittenByEachFromItsBeginning(int size) {
        Frame shared = frame("x".repeat(size));
        ByteBuffer[] first = TextMessages.encode(List.of(shared));
        byte[] written = bytes(first);

        ByteBuffer[] second = TextMessages.encode(List.of(shared));

        assertThat(first[0].hasRemaining()).isFalse();
        assertThat(bytes(second)).isEqualTo(written);
    }

    private static Frame frame(String text) {
        return Frame.direct(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] bytes(ByteBuffer[] message) {
        int size = 0;
        for (ByteBuffer part : message) {
            size += part.remaining();
        }
        ByteBuffer all = ByteBuffer.allocate(size);
        for (ByteBuffer part : message) {
            all.put(part);
        }
        return all.array();
    }
}
