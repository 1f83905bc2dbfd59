package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.DrainListener;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;

/** An application that ends while clients of all transports are connected, on a server with its graceful shutdown. */
@ServerTest
class ShutdownIntegrationTests {

    /** A server waits this long for requests that do not end: streams and polls must not be among them. */
    private static final String PHASE = "spring.lifecycle.timeout-per-shutdown-phase=30s";

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final List<String> SEEN = new CopyOnWriteArrayList<>();

    @Configuration(proxyBeanMethods = false)
    static class Observed {

        @Bean
        DrainListener steps() {
            return (step, remaining) -> SEEN.add(step.name());
        }

        @EventListener
        void readiness(AvailabilityChangeEvent<ReadinessState> changed) {
            if (changed.getState() == ReadinessState.REFUSING_TRAFFIC) {
                SEEN.add("READINESS OFF");
            }
        }
    }

    @Test
    void streamsAndPollsEndAtTheBeginningAndTheServerHasNothingToWaitFor() throws Exception {
        SEEN.clear();
        RealtimeServer server = RealtimeServer.start(
                List.of(HttpProjects.class, RealtimeServer.OpenSecurity.class, Observed.class),
                "server.shutdown=graceful",
                PHASE,
                "realtime.drain.spread=1s");
        try (SseClient stream = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            stream.expect("\"joined\"");
            TestClient socket = server.client();
            PollClient polls = new PollClient(server.http("/realtime/poll?room=project:1"));
            polls.poll("0");
            CompletableFuture<PollClient.Answer> poll = polls.pollAsync("25s");
            await().atMost(PATIENCE).until(() -> server.connections().size() == 3);
            SEEN.clear();

            long began = System.nanoTime();
            server.close();
            Duration took = Duration.ofNanos(System.nanoTime() - began);

            assertThat(took)
                    .as("far from the 30 seconds of a server that waits")
                    .isLessThan(PATIENCE);
            assertThat(stream.awaitEnd().expect("goaway")).contains("\"code\":1012");
            assertThat(poll.get(5, TimeUnit.SECONDS).status()).isIn(200, 503);
            assertThat(socket.expect("\"goaway\"")).contains("\"draining\"");
            assertThat(socket.closeCode()).isEqualTo(1012);
            assertThat(SEEN)
                    .filteredOn(seen -> !seen.equals(Drain.Step.DETACHED.name()))
                    .containsSubsequence("REFUSING", "ANNOUNCED", "FLUSHING", "DRAINED")
                    .contains("READINESS OFF");
            assertThat(SEEN.indexOf("READINESS OFF")).isLessThan(SEEN.indexOf("ANNOUNCED"));
        }
    }
}
