package io.github.realtimespring.presence;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTicker;
import io.github.realtimespring.testing.TestTransport;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PresenceReporterTests {

    private static final RoutingKey ROOM = RoutingKey.room("a");

    private final TestTicker ticker = new TestTicker();
    private final TestEngine engine = TestEngine.builder().ticker(this.ticker).start();
    private final LocalPresence local = new LocalPresence(key -> 0);
    private final List<String> said = new ArrayList<>();
    private CompletableFuture<Boolean> answer = CompletableFuture.completedFuture(false);
    private final PresenceReporter reporter = new PresenceReporter(
            this.local,
            (PresenceStore) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {PresenceStore.class},
                    (self, method, arguments) -> report((List<?>) arguments[3])),
            "node",
            PresenceSettings.DEFAULTS,
            bucket -> {},
            this.ticker);

    private CompletableFuture<Boolean> report(List<?> reports) {
        reports.forEach(report -> this.said.add(((PresenceStore.Report) report).user()));
        return this.answer;
    }

    @BeforeEach
    void alAndBobAreHere() {
        join("al");
        join("bob");
        tick(Duration.ZERO);
        assertThat(this.said).containsExactlyInAnyOrder("al", "bob");
        this.said.clear();
        this.answer = CompletableFuture.completedFuture(true);
    }

    @AfterEach
    void stop() {
        this.engine.close();
    }

    private void join(String user) {
        this.local.add(this.engine.connect(new TestTransport(), Identity.user(user)), ROOM);
    }

    private void tick(Duration later) {
        this.ticker.advance(later);
        this.reporter.tick(this.ticker.nanos());
    }

    private void fails(Throwable failure) {
        CompletableFuture<Boolean> before = this.answer;
        this.answer = CompletableFuture.failedFuture(new CompletionException(failure));
        join("eve");
        tick(Duration.ZERO);
        assertThat(this.said).containsExactly("eve");
        this.said.clear();
        this.answer = before;
    }

    @Test
    void whatIsKnownIsSaidOnce() {
        tick(PresenceSettings.DEFAULTS.lease());
        assertThat(this.said).isEmpty();
    }

    /** The lease that the store found then may be the one that the report itself began. */
    @Test
    void everythingIsSaidAgainAfterACallThatMayHaveBeenDone() {
        fails(new TimeoutException());
        tick(Duration.ofSeconds(1));
        tick(Duration.ofSeconds(1));
        assertThat(this.said).contains("al", "bob", "eve");
        this.said.clear();
        tick(PresenceSettings.DEFAULTS.lease());
        assertThat(this.said).isEmpty();
    }

    @Test
    void whatWasNotSentIsSaidAndNothingElse() {
        fails(new NotSentException("not connected"));
        tick(Duration.ofSeconds(1));
        tick(Duration.ofSeconds(1));
        assertThat(this.said).containsExactly("eve");
    }
}
