package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.realtimespring.backplane.BackplaneStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class BackplaneLogTests {

    private final AtomicLong time = new AtomicLong();
    private final BackplaneLog log = new BackplaneLog("redis", this.time::get);

    private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.realtimespring.Realtime");
    private final Level level = this.logger.getLevel();

    @BeforeEach
    void logInformation() {
        this.logger.setLevel(Level.INFO);
    }

    @AfterEach
    void restore() {
        this.logger.setLevel(this.level);
    }

    private void become(boolean readable, boolean writable, String error) {
        this.log.statusChanged(new BackplaneStatus(readable, writable, Instant.EPOCH, error));
    }

    private static List<String> lines(CapturedOutput output) {
        return output.getAll()
                .lines()
                .filter(line -> line.contains("Backplane redis"))
                .map(line -> line.substring(line.indexOf("Backplane")))
                .toList();
    }

    @Test
    void whatHasNotWorkedYetIsNotReported(CapturedOutput output) {
        become(true, false, null);
        become(true, true, null);
        assertThat(lines(output)).isEmpty();
    }

    @Test
    void outageAndItsEndAreReported(CapturedOutput output) {
        become(true, true, null);
        become(true, false, "RedisException: refused");
        become(false, false, "RedisException: refused");
        become(true, false, "RedisException: refused");
        become(true, true, "RedisException: refused");
        assertThat(lines(output))
                .containsExactly(
                        "Backplane redis is not writable, last error RedisException: refused",
                        "Backplane redis works again");
    }

    @Test
    void oneThatComesAndGoesIsReportedOnceAMinuteAndNeverAsWorkingWhenItDoesNot(CapturedOutput output) {
        become(true, true, null);
        for (int i = 0; i < 100; i++) {
            become(false, true, null);
            become(true, true, null);
        }
        become(false, true, null);
        assertThat(lines(output))
                .containsExactly(
                        "Backplane redis is not readable, no beacon comes back",
                        "Backplane redis works again",
                        "Backplane redis is not readable, no beacon comes back");
        this.time.addAndGet(Duration.ofMinutes(1).toNanos());
        become(true, true, null);
        assertThat(lines(output)).hasSize(4).last().isEqualTo("Backplane redis works again");
    }
}
