package io.github.realtimespring.test;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class InboxTests {

    private final Inbox inbox = new Inbox(JsonMapper.builder().build(), 10_000);

    private Inbox.Arrival event(int n) {
        return this.inbox.add("{\"type\":\"event\",\"n\":" + n + "}");
    }

    private static boolean isEvent(JsonNode frame) {
        return Inbox.isOf(frame, "event");
    }

    @Test
    void framesThatAreExpectedNeverFillIt() {
        for (int i = 0; i < 10_000; i++) {
            assertThat(event(i)).isEqualTo(Inbox.Arrival.TAKEN);
            JsonNode taken = this.inbox.take(InboxTests::isEvent, Duration.ZERO);
            assertThat(taken == null ? -1 : taken.path("n").asInt()).isEqualTo(i);
        }
        assertThat(this.inbox.ended()).isNull();
        assertThat(this.inbox.describe()).contains("earlier ones", "\"n\":9999");
    }

    @Test
    void framesThatNobodyExpectsFillItAndEndTheConnection() {
        int n = 0;
        while (event(n) == Inbox.Arrival.TAKEN) {
            n++;
        }

        assertThat(n).isBetween(50, 200);
        assertThat(this.inbox.describe())
                .endsWith("The connection was ended, because its inbox is full:" + " expect what is sent to it.");
        assertThat(this.inbox.take(InboxTests::isEvent, Duration.ZERO)).isNotEmpty();
        assertThat(this.inbox.awaitClosed(Duration.ofDays(1))).isNull();
    }

    @Test
    void whatIsNoFrameEndsTheConnection() {
        assertThat(this.inbox.add("<html>")).isEqualTo(Inbox.Arrival.REFUSED);

        assertThat(this.inbox.describe()).endsWith("because the server sent what is no frame: <html>");
    }

    @Test
    void theFirstEndCounts() {
        this.inbox.closed(CloseReason.SLOW_CONSUMER);
        this.inbox.closed(CloseReason.ABNORMAL);
        this.inbox.disconnected();

        assertThat(this.inbox.ended()).isEqualTo("Closed by the server: 1013 slow consumer");
        assertThat(this.inbox.awaitClosed(Duration.ZERO)).isEqualTo(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aHeartbeatAndAMarkAreNotExpected() {
        assertThat(this.inbox.add("{\"type\":\"ping\"}")).isEqualTo(Inbox.Arrival.PING);
        assertThat(this.inbox.add("{\"type\":\"tester-mark\",\"mark\":7}")).isEqualTo(Inbox.Arrival.TAKEN);

        assertThat(this.inbox.awaitMark(7, Duration.ZERO)).isTrue();
        assertThat(this.inbox.awaitMark(7, Duration.ZERO)).isFalse();
        assertThat(this.inbox.hasUntaken(frame -> true)).isFalse();
    }
}
