package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.NotSentException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisException;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailuresTests {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "READONLY You can't write against a read only replica.",
                "OOM command not allowed when used memory > 'maxmemory'.",
                "LOADING Redis is loading the dataset in memory",
                "NOPERM this user has no permissions"
            })
    void whatTheServerRefusedWasNotSent(String answer) {
        assertThat(Failures.of(new CompletionException(new RedisCommandExecutionException(answer))))
                .isInstanceOf(NotSentException.class);
    }

    @Test
    void ofAnythingElseNobodyKnows() {
        for (Exception failure : new Exception[] {
            new RedisCommandTimeoutException("Command timed out"),
            new RedisException("Connection disconnected"),
            new RedisCommandExecutionException("ERR Error running script"),
            new RedisCommandExecutionException("WRONGTYPE Operation against a key"),
        }) {
            assertThat(Failures.of(new CompletionException(failure))).isSameAs(failure);
        }
    }
}
