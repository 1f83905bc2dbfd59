package io.github.realtimespring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BackplaneMetersTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BackplaneMeters meters = new BackplaneMeters(this.registry, "redis");

    private double count(String name, String... tags) {
        return this.registry
                .get(name)
                .tags("adapter", "redis")
                .tags(tags)
                .counter()
                .count();
    }

    @ParameterizedTest
    @EnumSource(Received.class)
    void everythingThatArrivesIsCountedByItsResult(Received result) {
        this.meters.received(result);
        this.meters.received(result);
        assertThat(count("realtime.backplane.received", "result", result.wireName()))
                .isEqualTo(2);
        assertThat(this.registry.get("realtime.backplane.received").counters().stream()
                        .mapToDouble(counter -> counter.count())
                        .sum())
                .isEqualTo(2);
    }

    @Test
    void lossesOfUnknownSizeAreNotEvents() {
        this.meters.lost(ROOM, 3);
        this.meters.lost(ROOM, BackplaneListener.UNKNOWN_LOSS);
        assertThat(count("realtime.backplane.lost")).isEqualTo(3);
        assertThat(count("realtime.backplane.lost.unknown")).isEqualTo(1);
    }

    @Test
    void whatElseTheBackplaneTellsIsCounted() {
        this.meters.caughtUp(ROOM, 5);
        this.meters.subscriptionChanged(true);
        this.meters.subscriptionChanged(true);
        this.meters.subscriptionChanged(false);
        this.meters.reconnected();
        this.meters.lag(2_000_000);
        assertThat(count("realtime.backplane.caught.up")).isEqualTo(5);
        assertThat(count("realtime.backplane.subscriptions.changes", "change", "began"))
                .isEqualTo(2);
        assertThat(count("realtime.backplane.subscriptions.changes", "change", "ended"))
                .isEqualTo(1);
        assertThat(count("realtime.backplane.reconnects")).isEqualTo(1);
        assertThat(this.registry.get("realtime.backplane.lag").timer().totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(2);
    }

    @Test
    void backplaneOfOneNodeHasAllMetersAtZeroAndWorks() {
        this.meters.bindTo(new LocalBackplane(new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM)));
        assertThat(this.registry.get("realtime.backplane.readable").gauge().value())
                .isEqualTo(1);
        assertThat(this.registry.get("realtime.backplane.writable").gauge().value())
                .isEqualTo(1);
        for (String name : new String[] {"pending", "pending.max", "behind", "subscriptions", "peers"}) {
            assertThat(this.registry.get("realtime.backplane." + name).gauge().value())
                    .as(name)
                    .isZero();
        }
        assertThat(this.registry
                        .get("realtime.backplane.beacons.overflows")
                        .functionCounter()
                        .count())
                .isZero();
    }
}
