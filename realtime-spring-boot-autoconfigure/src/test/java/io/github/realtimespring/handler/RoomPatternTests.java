package io.github.realtimespring.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.InvalidRoutingKeyException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoomPatternTests {

    @Test
    void variablesAreReadFromTheName() {
        RoomPattern pattern = RoomPattern.parse("org:{org}:project-{projectId}");

        assertThat(pattern.match("org:acme:project-4.2_a~b-c"))
                .isEqualTo(Map.of("org", "acme", "projectId", "4.2_a~b-c"));
        assertThat(pattern.names()).containsExactly("org", "projectId");
    }

    @Test
    void aPatternWithoutVariablesMatchesItself() {
        assertThat(RoomPattern.parse("lobby").match("lobby")).isEmpty();
        assertThat(RoomPattern.parse("lobby").match("lobby2")).isNull();
        assertThat(RoomPattern.parse("lobby").match("lobb")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"project:", "project", "project:4:2", "project:a+b", "project:é", "xproject:42", "project:42:"})
    void whatIsNotInTheFormOfThePatternDoesNotMatch(String room) {
        assertThat(RoomPattern.parse("project:{projectId}").match(room)).isNull();
    }

    @Test
    void aVariableHasAtMostAHundredCharacters() {
        RoomPattern pattern = RoomPattern.parse("project:{projectId}");

        assertThat(pattern.match("project:" + "x".repeat(100))).isNotNull();
        assertThat(pattern.match("project:" + "x".repeat(101))).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "project:{; a { without a }",
                "project:}; a } without a {",
                "project:{a}}; a } without a {",
                "project:{}; named like a Java parameter",
                "project:{4}; named like a Java parameter",
                "project:{a:.*}; named like a Java parameter",
                "{a}:{a}; variable a twice",
                "{a}{b}; variable a has no end",
                "{a}-{b}; variable a has no end",
                "a b:{c}; it matches no room",
                "acme/{room}; it matches no room",
                "'';it matches no room"
            })
    void aMalformedPatternIsRefusedWithTheReason(String text, String reason) {
        assertThatExceptionOfType(InvalidRoomPatternException.class)
                .isThrownBy(() -> RoomPattern.parse(text))
                .satisfies(ex -> assertThat(ex.pattern()).isEqualTo(text))
                .satisfies(ex -> assertThat(ex.reason()).contains(reason));
    }

    @Test
    void fewerVariablesAndThenMoreTextAreMoreSpecific() {
        List<String> sorted =
                List.of("{kind}:{id}", "project:{id}", "{kind}:42", "project:42", "a:project:{id}").stream()
                        .map(RoomPattern::parse)
                        .sorted(RoomPattern.MOST_SPECIFIC_FIRST)
                        .map(RoomPattern::text)
                        .toList();

        assertThat(sorted).containsExactly("project:42", "a:project:{id}", "project:{id}", "{kind}:42", "{kind}:{id}");
    }

    @ParameterizedTest
    @CsvSource({
        "a:{x}, {y}:b, a:b",
        "project:{a}, project:{b}, project:x",
        "{a}:x:{b}, y:{c}:{d}, y:x:x",
        "a:{x}, b:{x},",
        "a:{x}, {x}:a:b,",
        "{x}:y, y-{z},",
        "lobby, lobby, lobby"
    })
    void aRoomThatTwoPatternsShareIsFound(String one, String two, String common) {
        RoomPattern first = RoomPattern.parse(one);
        RoomPattern second = RoomPattern.parse(two);

        assertThat(first.common(second)).isEqualTo(common);
        if (common != null) {
            assertThat(first.match(common)).isNotNull();
            assertThat(second.match(common)).isNotNull();
        }
    }

    @Test
    void valuesMakeANameThatThePatternMatches() {
        RoomPattern pattern = RoomPattern.parse("org:{org}:{id}");
        Map<String, Object> values = Map.of("org", "acme", "id", 42);

        assertThat(pattern.expand(values::get)).isEqualTo("org:acme:42");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a:b", "a/b", "a b", "a\nb", "{x}", "é"})
    void aValueThatWouldMakeAnotherNameIsRefused(String value) {
        assertThatExceptionOfType(InvalidRoutingKeyException.class)
                .isThrownBy(() -> RoomPattern.parse("project:{id}").expand(name -> value));
    }
}
