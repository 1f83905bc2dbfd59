package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProblemTests {

    private static String json(Problem problem) {
        return new String(problem.json(), StandardCharsets.UTF_8);
    }

    @Test
    void aClientReadsWhyAndWhetherAnotherTryHelps() {
        assertThat(json(Problem.of(ErrorCode.FORBIDDEN, "no \"way\"\n")))
                .isEqualTo(
                        "{\"status\":403,\"code\":\"forbidden\",\"detail\":\"no \\\"way\\\"\\n\",\"retryable\":false}");
        assertThat(json(Problem.of(ErrorCode.DRAINING, "later", Duration.ofMillis(1200))))
                .isEqualTo("{\"status\":503,\"code\":\"draining\",\"detail\":\"later\",\"retryable\":true,"
                        + "\"retryAfter\":1200}");
    }

    @Test
    void theFieldsAtFaultAreNamed() {
        RealtimeException failure = new RealtimeException(
                ErrorCode.INVALID_PAYLOAD,
                "not valid",
                false,
                null,
                List.of(
                        new RealtimeException.Detail("text", "must not be blank"),
                        new RealtimeException.Detail("a.b", "é")),
                null);
        assertThat(json(Problem.of(failure).withStatus(400)))
                .isEqualTo("{\"status\":400,\"code\":\"invalid-payload\",\"detail\":\"not valid\",\"retryable\":false,"
                        + "\"details\":[{\"field\":\"text\",\"message\":\"must not be blank\"},"
                        + "{\"field\":\"a.b\",\"message\":\"é\"}]}");
    }

    @Test
    void theTimeToTryAgainIsAWholeNumberOfSecondsAndNeverZero() {
        assertThat(Problem.of(ErrorCode.LIMIT, "").retryAfterSeconds()).isNull();
        assertThat(Problem.of(ErrorCode.LIMIT, "", Duration.ZERO).retryAfterSeconds())
                .isEqualTo("1");
        assertThat(Problem.of(ErrorCode.LIMIT, "", Duration.ofMillis(1200)).retryAfterSeconds())
                .isEqualTo("2");
    }
}
