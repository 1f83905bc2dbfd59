package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.protocol.JsonFrames;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.json.JsonMapper;

class JsonPayloadCheckTests {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final JsonPayloadCheck check = new JsonPayloadCheck(MAPPER);

    private boolean isValid(String json) {
        return this.check.isValid(json.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "true",
                "-12.5e3",
                "\"\"",
                "\"caf\u00e9 \ud83d\ude80 \u2028\"",
                "{}",
                "[]",
                " {\"a\":[1,{\"b\":null}],\"c\":\"\\n\"} "
            })
    void oneValuePasses(String json) {
        assertThat(isValid(json)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1,2",
                "{\"a\":1}}",
                "{\"a\":1} 2",
                "1 2",
                "tru",
                "01",
                "1e",
                "12abc",
                "{'a':1}",
                "{a:1}",
                "[1,]",
                "NaN",
                "// comment\r1",
                "\"open",
                "\"tab\there\"",
                "{\n}",
                "\ufeff1"
            })
    void anythingElseDoesNot(String json) {
        assertThat(isValid(json)).isFalse();
    }

    /** ASCII goes another way than the rest. */
    @Test
    void anotherLetterBehindTheValueChangesNothing() {
        Random random = new Random(11);
        String parts = "{}[]:,\"\\ \tabnulltrue0123456789.eE+-x/";
        int valid = 0;
        for (int i = 0; i < 100_000; i++) {
            StringBuilder json = new StringBuilder();
            for (int length = random.nextInt(6); json.length() <= length; ) {
                json.append(parts.charAt(random.nextInt(parts.length())));
            }
            boolean alone = isValid("[" + json + "]");
            assertThat(isValid("[" + json + (json.toString().isBlank() ? "" : ",") + "\"\u00e9\"]"))
                    .as(json.toString())
                    .isEqualTo(alone);
            valid += alone ? 1 : 0;
        }
        assertThat(valid).isGreaterThan(100);
    }

    /** Broken, overlong, a lone surrogate, cut off, and another encoding. */
    @ParameterizedTest
    @ValueSource(strings = {"22ff22", "22c0af22", "22eda08022", "22c3", "feff0031", "31000000"})
    void bytesThatAreNotUtf8DoNotPass(String hex) {
        assertThat(this.check.isValid(HexFormat.of().parseHex(hex))).isFalse();
    }

    @Test
    void valueThatIsNestedDeeperThanTheMapperReadsDoesNotPass() {
        int deepest = MAPPER.tokenStreamFactory().streamReadConstraints().getMaxNestingDepth();
        assertThat(isValid("[".repeat(deepest) + "]".repeat(deepest))).isTrue();
        assertThat(isValid("[".repeat(deepest + 1) + "]".repeat(deepest + 1))).isFalse();
        assertThat(isValid("[".repeat(1_000_000))).isFalse();
    }

    @Test
    void limitsAreThoseOfTheApplicationsMapperAndItsLeniencyIsNot() {
        JsonPayloadCheck lenient = new JsonPayloadCheck(JsonMapper.builder(JsonFactory.builder()
                        .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
                        .streamReadConstraints(StreamReadConstraints.builder()
                                .maxNestingDepth(2)
                                .build())
                        .build())
                .build());
        assertThat(lenient.isValid("[[1]]".getBytes(StandardCharsets.UTF_8))).isTrue();
        assertThat(lenient.isValid("[[[1]]]".getBytes(StandardCharsets.UTF_8))).isFalse();
        assertThat(lenient.isValid("'a'".getBytes(StandardCharsets.UTF_8))).isFalse();
    }

    @Test
    void whatTheMapperWritesPasses() {
        Object deep = List.of();
        for (int i = 0; i < 400; i++) {
            deep = List.of(deep);
        }
        byte[] json = new JsonFrames(MAPPER)
                .payload(Map.of("deep", deep, "text", "\u0000\r\n\u2028"))
                .bytes();
        assertThat(this.check.isValid(json)).isTrue();
    }
}
