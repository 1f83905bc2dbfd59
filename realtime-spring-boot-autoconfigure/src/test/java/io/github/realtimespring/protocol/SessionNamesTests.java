package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.connection.Identity;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionNamesTests {

    private static final Identity ANONYMOUS = new Identity(null, null, null, Map.of());
    private static final Identity ALICE = new Identity("alice", null, null, Map.of());

    private final TestTicker ticker = new TestTicker();
    private final SessionNames alone = new SessionNames(Duration.ofMinutes(2), this.ticker, false);
    private final SessionNames one = new SessionNames(Duration.ofMinutes(2), this.ticker, true);
    private final SessionNames two = new SessionNames(Duration.ofMinutes(2), this.ticker, true);

    @Test
    void keysOfAnAnonymousClientAreItsOwnOnEveryNode() {
        String name = this.one.create(ANONYMOUS).name();
        this.one.remember(name, new SessionNames.Client(name, null, null));

        assertThat(this.one.keys(ANONYMOUS, name, "::1")).isEqualTo("session:" + name);
        assertThat(this.two.keys(ANONYMOUS, name, "::1")).isEqualTo("session:" + name);
        assertThat(this.two.recognise(name, ANONYMOUS)).isEqualTo(new SessionNames.Client(name, null, null));
        assertThat(this.alone.keys(ANONYMOUS, name, "::1")).isEqualTo("address:::1");
    }

    @Test
    void anAnonymousClientThatSaysItsNameWhenItConnectsKeepsItOnEveryNode() {
        SessionNames.Client client = this.one.opened(ANONYMOUS, null);
        this.one.remember(client.name(), client);

        assertThat(this.two.opened(ANONYMOUS, client.name())).isEqualTo(client);
        assertThat(this.one.opened(ANONYMOUS, client.name())).isEqualTo(client);
        assertThat(this.alone.opened(ANONYMOUS, client.name()).name())
                .as("a name that nobody has given")
                .isNotEqualTo(client.name());
        assertThat(this.two.opened(ANONYMOUS, "made up").name()).hasSize(22);
        assertThat(this.two.opened(ALICE, client.name()).name()).isNotEqualTo(client.name());
    }

    /** Otherwise everybody would have as many rates as there are names. */
    @Test
    void theRateOfAnUnknownNameIsThatOfItsAddress() {
        String name = this.one.create(ANONYMOUS).name();

        assertThat(this.two.scope(ANONYMOUS, name, "::1")).isEqualTo("address:::1");
    }

    @Test
    void aNameOfAnotherUserIsNobodys() {
        String name = this.one.create(ANONYMOUS).name();
        this.one.remember(name, new SessionNames.Client(name, null, "bob"));

        assertThat(this.one.recognise(name, ANONYMOUS)).isNull();
        assertThat(this.one.keys(ANONYMOUS, name, "::1")).isEqualTo("address:::1");
    }

    @Test
    void keysOfAUserAreTheUsersWhateverItsSession() {
        assertThat(this.two.keys(ALICE, this.one.create(ALICE).name(), "::1")).isEqualTo("user:alice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "short", "AAAAAAAAAAAAAAAAAAAAA:", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAA\r\n"})
    void whatNoNodeWouldHaveGivenIsNoName(String name) {
        assertThat(this.two.recognise(name, ANONYMOUS)).isNull();
    }
}
