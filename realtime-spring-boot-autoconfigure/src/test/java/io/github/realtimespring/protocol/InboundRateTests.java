package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.protocol.InboundRate.Verdict;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InboundRateTests {

    private final TestTicker ticker = new TestTicker();
    private final InboundRate rate = new InboundRate(50, 100, this.ticker.nanos());

    @Test
    void aBurstIsTakenAndTheNextFrameIsOver() {
        for (int i = 0; i < 100; i++) {
            assertThat(take()).isEqualTo(Verdict.WITHIN);
        }
        assertThat(take()).isEqualTo(Verdict.OVER);
        assertThat(this.rate.retryAfter()).isEqualTo(Duration.ofMillis(20));
    }

    @Test
    void theRateIsHadForever() {
        for (int i = 0; i < 10_000; i++) {
            this.ticker.advance(Duration.ofMillis(20));
            assertThat(take()).isEqualTo(Verdict.WITHIN);
        }
    }

    @Test
    void whoComesBackAfterTheHintIsWithinTheRate() {
        while (take() == Verdict.WITHIN) {
            // uses the burst up
        }
        this.ticker.advance(this.rate.retryAfter());
        assertThat(take()).isEqualTo(Verdict.WITHIN);
    }

    @Test
    void anotherBurstOfFramesOverTheRateIsAFlood() {
        for (int i = 0; i < 200; i++) {
            assertThat(take()).isNotEqualTo(Verdict.FLOOD);
        }
        assertThat(take()).isEqualTo(Verdict.FLOOD);
    }

    @Test
    void whoPausesLongEnoughIsForgiven() {
        for (int i = 0; i < 200; i++) {
            take();
        }
        this.ticker.advance(Duration.ofSeconds(2));
        for (int i = 0; i < 100; i++) {
            assertThat(take()).isEqualTo(Verdict.WITHIN);
        }
        assertThat(take()).isEqualTo(Verdict.OVER);
    }

    private Verdict take() {
        return this.rate.take(this.ticker.nanos());
    }
}
