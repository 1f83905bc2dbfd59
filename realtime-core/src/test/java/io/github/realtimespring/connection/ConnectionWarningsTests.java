package io.github.realtimespring.connection;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.testing.TestFrames;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class ConnectionWarningsTests {

    private final TestTicker ticker = new TestTicker();
    private final ConnectionWarnings warnings = new ConnectionWarnings(this.ticker);
    private final Logger logger = (Logger) LoggerFactory.getLogger(ConnectionWarnings.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @BeforeEach
    void listen() {
        this.lines.start();
        this.logger.addAppender(this.lines);
        this.logger.setAdditive(false);
    }

    @AfterEach
    void stopListening() {
        this.logger.detachAppender(this.lines);
        this.logger.setAdditive(true);
    }

    @Test
    void manySlowConsumersAreOneLineAMinute() {
        for (int i = 0; i < 100; i++) {
            close(CloseReason.SLOW_CONSUMER);
        }
        this.ticker.advance(Duration.ofMinutes(1));
        close(CloseReason.SLOW_CONSUMER);

        assertThat(this.lines.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .satisfiesExactly(
                        first -> assertThat(first).startsWith("1 connections closed with 1013"),
                        second -> assertThat(second).startsWith("100 connections closed with 1013"));
    }

    @Test
    void causesDoNotSilenceEachOther() {
        close(CloseReason.SLOW_CONSUMER);
        this.warnings.heartbeatMissed(connection());

        assertThat(this.lines.list).hasSize(2);
    }

    @Test
    void anOrdinaryCloseIsNotWorthALine() {
        close(CloseReason.DRAINING);

        assertThat(this.lines.list).isEmpty();
    }

    private void close(CloseReason reason) {
        connection().close(reason);
    }

    private Connection connection() {
        return new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                new TestTransport(),
                QueueLimits.DEFAULTS,
                new TestFrames(),
                ReplaySource.none(),
                this.warnings,
                this.ticker);
    }
}
