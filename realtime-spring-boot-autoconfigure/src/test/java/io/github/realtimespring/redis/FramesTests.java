package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FramesTests {

    @Test
    void whatWasRecordedHasItsPlaceInFront() {
        Frames.Arrival arrival = Frames.read(bytes("R\u0009abcdef.17envelope"));

        assertThat(arrival.cursor()).isEqualTo(new Cursor("abcdef", 17));
        assertThat(arrival.envelope()).isEqualTo(bytes("envelope"));
    }

    @Test
    void whatWasOnlySentIsAllEnvelope() {
        byte[] envelope = bytes("\u0001Eenvelope");

        assertThat(Frames.read(envelope)).isEqualTo(new Frames.Arrival(envelope, null));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "R", "R\u0000", "R\u0009abcdef", "R\u0009abcdef.-1x", "R\u00ffabcdef.17x", "R\u0003ab.x"})
    void whatOnlyLooksLikeAPlaceIsHandedOnAsItCame(String frame) {
        byte[] bytes = bytes(frame);

        assertThat(Frames.read(bytes)).isEqualTo(new Frames.Arrival(bytes, null));
    }

    @Test
    void whereKeysShareAChannelTheKeyIsInFront() {
        RoutingKey key = RoutingKey.user("Zoë").withTenant("acme");
        byte[] frame = Arrays.copyOf(Frames.front(key), Frames.front(key).length + 2);
        frame[frame.length - 2] = 1;
        frame[frame.length - 1] = 2;

        Frames.Addressed addressed = Frames.address(frame);

        assertThat(addressed).isNotNull();
        assertThat(addressed.key()).isEqualTo(key);
        assertThat(addressed.rest()).containsExactly(1, 2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "K",
                "K\u0000",
                "K\u0000\u0009room:1",
                "K\u0000\u0006nobody",
                "R\u0000\u0006room:1",
                "K\u00ff\u00ffroom:1"
            })
    void whatHasNoKeyInFrontIsNobodys(String frame) {
        assertThat(Frames.address(bytes(frame))).isNull();
    }

    @Test
    void noBytesAreAFailure() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 1 && random.nextBoolean()) {
                bytes[0] = 'R';
                bytes[1] = (byte) random.nextInt(50);
            }
            assertThat(Frames.read(bytes)).isNotNull();
            Frames.address(bytes);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
