package io.github.realtimespring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Published;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

class RealtimeHealthTests {

    @ParameterizedTest
    @CsvSource({"true,true,UP", "true,false,DOWN", "false,true,DOWN", "false,false,DOWN"})
    void backplaneIsUpWhenItCanBeReadAndWritten(boolean readable, boolean writable, String status) {
        BackplaneStatus now = new BackplaneStatus(readable, writable, Instant.EPOCH, readable ? null : "refused");
        Health health = ((HealthIndicator)
                        RealtimeHealth.of(new Adapter(now), null, null).getContributor("backplane"))
                .health();
        assertThat(health.getStatus().getCode()).isEqualTo(status);
        assertThat(health.getDetails())
                .containsEntry("type", "fake")
                .containsEntry("readable", readable)
                .containsEntry("writable", writable)
                .containsEntry("since", Instant.EPOCH);
        assertThat(health.getDetails().containsKey("lastError")).isEqualTo(!readable);
    }

    private record Adapter(BackplaneStatus status) implements BackplaneAdapter {

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public void start(BackplaneListener listener) {}

        @Override
        public CompletionStage<Published> publish(BackplaneMessage message) {
            return new CompletableFuture<>();
        }

        @Override
        public CompletionStage<Void> subscribe(RoutingKey key) {
            return new CompletableFuture<>();
        }

        @Override
        public CompletionStage<Void> unsubscribe(RoutingKey key) {
            return new CompletableFuture<>();
        }

        @Override
        public void close() {}
    }
}
