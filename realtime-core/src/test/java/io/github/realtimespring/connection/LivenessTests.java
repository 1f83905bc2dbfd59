package io.github.realtimespring.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.testing.TestFrames;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LivenessTests {

    private static final Duration INTERVAL = Duration.ofSeconds(25);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final TestTicker ticker = new TestTicker();
    private final TestTransport transport = new TestTransport();
    private final List<String> told = new ArrayList<>();
    private final Connection connection = connection(this.transport);
    private final List<Connection> all = new ArrayList<>(List.of(this.connection));
    private final Liveness liveness = new Liveness(this.all, INTERVAL, TIMEOUT, this.ticker);

    @Test
    void aHeartbeatGoesOutAtEachInterval() {
        pass(Duration.ofSeconds(24));
        assertThat(this.transport.received()).isEmpty();

        pass(Duration.ofSeconds(1));
        assertThat(this.transport.received()).containsExactly("ping");
        this.connection.inbound();

        pass(INTERVAL);
        assertThat(this.transport.received()).containsExactly("ping", "ping");
    }

    @Test
    void aPeerThatAnswersStaysAndItsRoundTripIsMeasured() {
        for (int i = 0; i < 10; i++) {
            pass(INTERVAL);
            this.ticker.advance(Duration.ofMillis(40));
            this.connection.inbound();
            this.connection.pong();
        }

        assertThat(this.connection.isOpen()).isTrue();
        assertThat(this.connection.roundTripNanos())
                .isEqualTo(Duration.ofMillis(40).toNanos());
    }

    @Test
    void aPeerThatIsSilentForIntervalAndTimeoutIsClosedAndOthersAreNot() {
        Connection other = connection(new TestTransport());
        this.all.add(other);
        for (int i = 0; i < 36; i++) {
            pass(Duration.ofSeconds(1));
            other.inbound();
        }

        assertThat(this.transport.closes()).extracting(CloseReason::code).containsExactly(1001);
        assertThat(this.told).containsExactly("missed", "closed");
        assertThat(other.isOpen()).isTrue();
    }

    /**
     * Twenty seconds behind, at a frame a second, it gets each heartbeat long after it was due: it used to be closed in the
     * middle of its reading.
     */
    @Test
    void aPeerThatReadsSlowlyIsNotSilentWhileItsHeartbeatWaitsBehindWhatItReads() {
        this.transport.block();
        backlog(20);
        int answered = 0;
        for (int i = 0; i < 180; i++) {
            backlog(1);
            this.transport.readOne();
            if (this.transport.received().stream().filter("ping"::equals).count() > answered) {
                answered++;
                this.connection.inbound();
            }
            pass(Duration.ofSeconds(1));
        }

        assertThat(this.connection.isOpen()).isTrue();
        assertThat(answered).isGreaterThan(3);
    }

    @Test
    void aPeerThatReadSlowlyAndStopsIsCutByTheSendTimeout() {
        this.transport.block();
        backlog(20);
        for (int i = 0; i < 10; i++) {
            this.transport.readOne();
            pass(Duration.ofSeconds(1));
        }
        pass(QueueLimits.DEFAULTS.sendTimeout());

        assertThat(this.transport.closes()).containsExactly(CloseReason.SLOW_CONSUMER);
    }

    @Test
    void aPeerThatOnlyReadsAndNeverAnswersIsNotAliveForEver() {
        this.transport.block();
        backlog(20);
        for (int i = 0; i < 4 * 35; i++) {
            backlog(1);
            this.transport.readOne();
            pass(Duration.ofSeconds(1));
        }
        assertThat(this.connection.isOpen()).isTrue();

        backlog(1);
        this.transport.readOne();
        pass(Duration.ofSeconds(1));

        assertThat(this.transport.closes()).extracting(CloseReason::code).containsExactly(1001);
    }

    @Test
    void aPeerThatHasReadAllAndAnswersNothingIsSilentFromThenOn() {
        this.transport.block();
        backlog(20);
        for (int i = 0; i < 30; i++) {
            this.transport.readOne();
            pass(Duration.ofSeconds(1));
        }
        assertThat(this.transport.received()).endsWith("ping");
        this.transport.unblock();
        // It took the last of what had waited for it after 19 seconds.
        pass(Duration.ofSeconds(24));
        assertThat(this.connection.isOpen()).isTrue();

        pass(Duration.ofSeconds(1));
        assertThat(this.transport.closes()).extracting(CloseReason::code).containsExactly(1001);
    }

    /** A socket takes bytes for a peer that is gone as long as it has room for them. */
    @Test
    void whatASocketTakesAtOnceIsNoSignOfLife() {
        for (int i = 0; i < 36; i++) {
            backlog(5);
            pass(Duration.ofSeconds(1));
        }

        assertThat(this.transport.received()).hasSizeGreaterThan(170);
        assertThat(this.transport.closes()).extracting(CloseReason::code).containsExactly(1001);
    }

    /** An {@code EventSource} cannot answer, and between two polls there is nobody to write to. */
    @Test
    void onlyPeersThatCanAnswerAreClosedForTheirSilence() {
        TestTransport written = new TestTransport(ConnectionTransport.Heartbeat.WRITTEN);
        TestTransport none = new TestTransport(ConnectionTransport.Heartbeat.NONE);
        Connection stream = connection(written);
        Connection poll = connection(none);
        this.all.addAll(List.of(stream, poll));
        for (int i = 0; i < 100; i++) {
            pass(Duration.ofSeconds(1));
        }

        assertThat(this.connection.isOpen()).isFalse();
        assertThat(stream.isOpen()).isTrue();
        assertThat(written.received()).hasSize(4);
        assertThat(poll.isOpen()).isTrue();
        assertThat(none.received()).isEmpty();
    }

    @Test
    void aStuckPeerGetsOneHeartbeatAtATime() {
        this.transport.block();
        this.connection.send(Frame.direct(TestFrames.bytes("answer")));
        for (int i = 0; i < 60; i++) {
            pass(Duration.ofSeconds(1));
            this.connection.inbound();
            this.connection.queue().restartAllowance(this.ticker.nanos());
        }
        assertThat(this.connection.queue().size()).isEqualTo(1);
        this.transport.unblock();

        assertThat(this.transport.received()).containsExactly("answer", "ping");
    }

    @Test
    void aVisitThatComesLateRestartsTheAllowanceInsteadOfKillingHealthyPeers() {
        this.transport.block();
        this.connection.send(Frame.direct(TestFrames.bytes("answer")));

        this.ticker.advance(Duration.ofMinutes(5));
        this.liveness.visit();

        assertThat(this.connection.isOpen()).isTrue();
        for (int i = 0; i < 36; i++) {
            pass(Duration.ofSeconds(1));
        }
        assertThat(this.connection.isOpen()).isFalse();
    }

    @Test
    void aConnectionEndsOnceWhoeverComesFirst() {
        this.connection.close(CloseReason.DRAINING);
        this.connection.close(CloseReason.SLOW_CONSUMER);
        this.connection.closed(CloseReason.ABNORMAL);

        assertThat(this.told).containsExactly("closed");
        assertThat(this.transport.closes()).containsExactly(CloseReason.DRAINING);
        assertThat(this.connection.closeReason()).isEqualTo(CloseReason.DRAINING);
    }

    @Test
    void aTransportThatEndedIsNotClosedAgain() {
        this.connection.closed(CloseReason.ABNORMAL);
        this.connection.close(CloseReason.DRAINING);

        assertThat(this.transport.closes()).isEmpty();
        assertThat(this.connection.closeReason()).isEqualTo(CloseReason.ABNORMAL);
    }

    private void backlog(int frames) {
        for (int i = 0; i < frames; i++) {
            this.connection.send(Frame.direct(TestFrames.bytes("answer")));
        }
    }

    /** Lets time pass in steps of the liveness period, as the real thread would. */
    private void pass(Duration duration) {
        for (long millis = 0; millis < duration.toMillis(); millis += 1000) {
            this.ticker.advance(Duration.ofSeconds(1));
            this.liveness.visit();
        }
    }

    private Connection connection(TestTransport transport) {
        return new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                transport,
                QueueLimits.DEFAULTS,
                new TestFrames(),
                ReplaySource.none(),
                new ConnectionListener() {
                    @Override
                    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
                        LivenessTests.this.told.add("closed");
                    }

                    @Override
                    public void heartbeatMissed(Connection connection) {
                        LivenessTests.this.told.add("missed");
                    }
                },
                this.ticker);
    }
}
