package io.github.realtimespring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutingKeyTests {

    @Test
    void textNamesKindAndTenant() {
        assertThat(RoutingKey.room("project:42")).hasToString("room:project:42");
        assertThat(RoutingKey.room("project:42").withTenant("acme")).hasToString("acme/room:project:42");
    }

    @Test
    void aUserNeverCollidesWithARoomOfTheSameName() {
        assertThat(RoutingKey.user("42")).isNotEqualTo(RoutingKey.room("42"));
        assertThat(RoutingKey.user("42").toString())
                .isNotEqualTo(RoutingKey.room("42").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"room:project:42", "acme/room:a", "user:https://idp.example/alice", "acme/user:DOMAIN\\al"})
    void textReadsBack(String text) {
        assertThat(RoutingKey.parse(text)).hasToString(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a b",
                "a\nb",
                "a\rb",
                "a\0b",
                "a\tb",
                "a*",
                "a?",
                "[ab]",
                "{a}",
                "../a",
                "a/b",
                "acme/room:b",
                "__proto__",
                "a:__proto__",
                "a\u202eb",
                "a\u200bb",
                "e\u0301",
                "\ud800",
                "a\\b",
                "a#b",
                "<b>",
                "a\u2028b",
                "a\u001bb"
            })
    void aRoomNameThatCouldMeanSomethingElsewhereIsRefused(String id) {
        assertThatExceptionOfType(InvalidRoutingKeyException.class)
                .isThrownBy(() -> RoutingKey.room(id))
                .satisfies(ex -> {
                    assertThat(ex.code()).isEqualTo(ErrorCode.BAD_REQUEST);
                    assertThat(ex.clientMessage()).doesNotContain("\n", "\u202e", "acme", "<b>");
                });
    }

    @Test
    void aNameOfTwoHundredCharactersIsTheLongest() {
        assertThat(RoutingKey.room("a".repeat(200)).id()).hasSize(200);
        assertThatExceptionOfType(InvalidRoutingKeyException.class).isThrownBy(() -> RoutingKey.room("a".repeat(201)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"project:42", "r\u00e9union", "\u4f1a\u8bae:1", "a@b.example", "A_b~c-d.e"})
    void anOrdinaryNameIsAllowed(String id) {
        assertThat(RoutingKey.room(id).id()).isEqualTo(id);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " alice", "al\nice", "al\u202eice", "al\0"})
    void aUserNameIsPrintable(String name) {
        assertThatExceptionOfType(InvalidRoutingKeyException.class).isThrownBy(() -> RoutingKey.user(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"auth0|123", "J\u00fcrgen M\u00fcller", "cn=a,dc=b", "a*b"})
    void whateverAuthenticationCallsAUserIsAllowed(String name) {
        assertThat(RoutingKey.user(name).id()).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "a:b", "-a", "a b", "../x"})
    void aTenantIsAPlainName(String tenant) {
        assertThatExceptionOfType(InvalidRoutingKeyException.class)
                .isThrownBy(() -> RoutingKey.room("a").withTenant(tenant));
    }
}
