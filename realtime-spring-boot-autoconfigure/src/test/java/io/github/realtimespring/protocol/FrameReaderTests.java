package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.realtimespring.ErrorCode;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameReaderTests {

    private final FrameReader reader = new FrameReader(64, 64 << 10);

    @Test
    void everyFrameOfTheProtocolIsRead() {
        assertThat(this.reader.read("{\"type\":\"hello\",\"session\":\"s1\"}")).isEqualTo(new ClientFrame.Hello("s1"));
        assertThat(this.reader.read("{\"type\":\"leave\",\"id\":2,\"room\":\"project:42\"}"))
                .isEqualTo(new ClientFrame.Leave(2L, "project:42"));
        assertThat(this.reader.read("{\"type\":\"auth\",\"id\":4,\"token\":\"t\"}"))
                .isEqualTo(new ClientFrame.Auth(4L, "t"));
        assertThat(this.reader.read("{\"type\":\"presence\",\"room\":\"r\",\"state\":\"idle\"}"))
                .isEqualTo(new ClientFrame.Presence("r", "idle"));
        assertThat(this.reader.read("{\"type\":\"pong\"}")).isEqualTo(new ClientFrame.Pong());
        ClientFrame.Join join = (ClientFrame.Join)
                this.reader.read(
                        "{\"type\":\"join\",\"id\":1,\"room\":\"r\",\"since\":\"a1f3.1\",\"presence\":true,\"data\":{\"a\":1}}");
        assertThat(join.id()).isEqualTo(1L);
        assertThat(join.since()).isEqualTo("a1f3.1");
        assertThat(join.presence()).isTrue();
        assertThat(join.presenceOnly()).isFalse();
        assertThat(this.reader.read("{\"type\":\"join\",\"room\":\"r\",\"presence\":\"only\"}"))
                .isEqualTo(new ClientFrame.Join(null, "r", null, true, true, null));
        assertThat(join.data().get("a").intValue()).isEqualTo(1);
        ClientFrame.Publish publish = (ClientFrame.Publish)
                this.reader.read(
                        "{\"type\":\"publish\",\"id\":9007199254740992,\"room\":\"r\",\"event\":\"e\",\"key\":\"k\",\"data\":[]}");
        assertThat(publish.id()).isEqualTo(1L << 53);
        assertThat(publish.key()).isEqualTo("k");
        assertThat(publish.data().isArray()).isTrue();
    }

    @Test
    void whatIsOptionalMayBeAbsentAndUnknownFieldsAreIgnored() {
        assertThat(this.reader.read("{\"type\":\"join\",\"room\":\"r\",\"more\":[{\"x\":1}]}"))
                .isEqualTo(new ClientFrame.Join(null, "r", null, false, false, null));
        ClientFrame.Publish publish =
                (ClientFrame.Publish) this.reader.read("{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\"}");
        assertThat(publish.id()).isNull();
        assertThat(publish.data().isNull()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "1",
                "\"text\"",
                "[]",
                "[{\"type\":\"pong\"}]",
                "{",
                "{\"type\":\"pong\"} x",
                "{\"type\":\"pong\"}\n{\"type\":\"pong\"}",
                "{\"type\":\"pong\",\"type\":\"pong\"}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":{\"a\":1,\"a\":2}}",
                "{'type':'pong'}",
                "{\"type\":\"pong\",}",
                "{\"type\":\"pong\"/**/}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":NaN}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":01}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":1e999999999}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":[{\"a\":1e-999999999}]}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":1E+400000}",
                "{}",
                "{\"type\":7}",
                "{\"type\":\"\"}",
                "{\"type\":\"nonsense\"}",
                "{\"type\":\"welcome\"}",
                "{\"type\":\"join\"}",
                "{\"type\":\"join\",\"room\":42}",
                "{\"type\":\"join\",\"room\":null}",
                "{\"type\":\"join\",\"room\":{\"a\":1}}",
                "{\"type\":\"join\",\"room\":\"r\",\"since\":5}",
                "{\"type\":\"join\",\"room\":\"r\",\"presence\":\"yes\"}",
                "{\"type\":\"join\",\"id\":0,\"room\":\"r\"}",
                "{\"type\":\"join\",\"id\":-1,\"room\":\"r\"}",
                "{\"type\":\"join\",\"id\":1.5,\"room\":\"r\"}",
                "{\"type\":\"join\",\"id\":\"1\",\"room\":\"r\"}",
                "{\"type\":\"join\",\"id\":9007199254740993,\"room\":\"r\"}",
                "{\"type\":\"join\",\"id\":99999999999999999999999,\"room\":\"r\"}",
                "{\"type\":\"publish\",\"room\":\"r\"}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"key\":\"\"}",
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"key\":5}",
                "{\"type\":\"auth\"}",
                "{\"type\":\"hello\"}",
                "{\"type\":\"hello\",\"session\":[]}"
            })
    void whatIsNoFrameIsOneBadRequestWithoutClassNamesOrInput(String text) {
        MalformedFrameException refusal = refusal(text);
        assertThat(refusal.code()).isEqualTo(ErrorCode.BAD_REQUEST);
        assertThat(refusal.clientMessage()).doesNotContain("jackson", "Exception", "java", "nonsense", "999");
        assertThat(refusal.getCause()).isNull();
    }

    @ParameterizedTest
    @CsvSource({"64,true", "65,false", "50000,false"})
    void nestingIsBounded(int depth, boolean accepted) {
        // The frame itself is the first level.
        String data = "[".repeat(depth - 1) + "]".repeat(depth - 1);
        String frame = "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":" + data + "}";
        if (accepted) {
            assertThat(this.reader.read(frame)).isInstanceOf(ClientFrame.Publish.class);
        } else {
            assertThat(refusal(frame)).isNotNull();
        }
    }

    @Test
    void aNumberOfAMillionDigitsIsRefused() {
        assertThat(refusal("{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":" + "9".repeat(10_000) + "}"))
                .isNotNull();
        assertThat(refusal("{\"type\":\"publish\",\"id\":" + "9".repeat(10_000) + "}"))
                .isNotNull();
    }

    @Test
    void amountsKeepTheirDigits() {
        ClientFrame.Publish publish = (ClientFrame.Publish) this.reader.read(
                "{\"type\":\"publish\",\"room\":\"r\",\"event\":\"e\",\"data\":12345678901234567890.120}");
        assertThat(publish.data().decimalValue()).isEqualTo(new BigDecimal("12345678901234567890.120"));
    }

    @Test
    void theIdIsKnownWheneverItCouldBeRead() {
        assertThat(refusal("{\"type\":\"nonsense\",\"id\":7}").id()).isEqualTo(7L);
        assertThat(refusal("{\"id\":7}").id()).isEqualTo(7L);
        assertThat(refusal("{\"type\":\"join\",\"id\":7,\"room\":42}").id()).isEqualTo(7L);
        assertThat(refusal("{\"type\":\"join\",\"id\":\"7\",\"room\":\"r\"}").id())
                .isNull();
    }

    @Test
    void randomTextIsRefusedOrReadButNeverFailsOtherwise() {
        Random random = new Random(11);
        String[] pieces = {
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"type\"",
            "\"join\"",
            "\"room\"",
            "\"id\"",
            "1",
            "1e5",
            "null",
            "\"",
            "\\u0000",
            "\ud800",
            "-",
            "true",
            "\n",
            "\"publish\"",
            "\"data\"",
            "\"event\""
        };
        for (int trial = 0; trial < 20_000; trial++) {
            StringBuilder text = new StringBuilder("{");
            for (int i = random.nextInt(25); i > 0; i--) {
                text.append(pieces[random.nextInt(pieces.length)]);
            }
            try {
                assertThat(this.reader.read(text.toString())).isNotNull();
            } catch (MalformedFrameException expected) {
                assertThat(expected.code()).isEqualTo(ErrorCode.BAD_REQUEST);
            }
        }
    }

    private MalformedFrameException refusal(String text) {
        return catchThrowableOfType(MalformedFrameException.class, () -> this.reader.read(text));
    }
}
