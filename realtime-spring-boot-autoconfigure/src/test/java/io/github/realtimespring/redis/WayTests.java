package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WayTests {

    private final Way way = new Way();

    @Test
    void messagesGoWithTheChannelsWhileThatIsPossible() {
        assertThat(this.way.enter(true)).isTrue();
        assertThat(this.way.enter(true)).isTrue();
        assertThat(this.way.enter(false)).isFalse();
    }

    @Test
    void nothingOvertakesWhatIsUnderWayWithTheCommands() {
        assertThat(this.way.enter(false)).isFalse();
        assertThat(this.way.enter(false)).isFalse();

        assertThat(this.way.enter(true)).as("two are under way").isFalse();
        this.way.leave();
        this.way.leave();
        assertThat(this.way.enter(true)).as("the third one is").isFalse();
        this.way.leave();
        assertThat(this.way.enter(true)).as("the fourth one is").isFalse();
        this.way.leave();
        this.way.leave();

        assertThat(this.way.enter(true)).isTrue();
    }

    @Test
    void withTheChannelsLostAndBackTheWayIsWithThemAgain() {
        assertThat(this.way.enter(true)).isTrue();
        assertThat(this.way.enter(false)).isFalse();
        this.way.leave();

        assertThat(this.way.enter(true)).isTrue();
    }
}
