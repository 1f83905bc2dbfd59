package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.BrokerBackplane;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When the broker can be used, that is found out at once, and not at the next regular beacon. */
class BeaconOutOfTurnTests {

    private static BackplaneSettings every(Duration beacon) {
        BackplaneSettings defaults = BackplaneSettings.DEFAULTS;
        return new BackplaneSettings(
                defaults.maxInFlight(), defaults.maxEnvelopeBytes(), beacon, defaults.linger(), defaults.maxReads());
    }

    private static BrokerBackplane.Application application() {
        return new BrokerBackplane.Application("test", null, DeliveryClass::of, json -> true);
    }

    private static boolean isUsable(BrokerBackplane backplane) {
        BackplaneStatus status = backplane.status();
        return status.readable() && status.writable();
    }

    @Test
    void aNodeThatStartsBeforeItsBrokerIsUsableAtTheMomentThatTheBrokerIs() {
        FaultyBackplane cluster = FaultyBackplane.manual(1);
        BrokerBackplane backplane = BrokerBackplane.manual(
                cluster.broker("one"),
                "one",
                "one",
                application(),
                BackplaneSettings.DEFAULTS,
                BackplaneObserver.none(),
                cluster.ticker());
        cluster.unreadable("one").unwritable("one");
        backplane.start(new RecordingListener());
        cluster.deliver();
        assertThat(backplane.status().readable()).isFalse();
        assertThat(backplane.status().writable()).isFalse();
        long before = cluster.ticker().nanos();

        cluster.heal();
        cluster.deliver();

        assertThat(isUsable(backplane)).isTrue();
        assertThat(cluster.ticker().nanos()).isEqualTo(before);
    }

    @Test
    void theThreadOfTheBeaconsDoesNotWaitForItsTime() {
        try (FaultyBackplane cluster = new FaultyBackplane()) {
            BrokerBackplane backplane = new BrokerBackplane(
                    cluster.broker("one"),
                    "one",
                    "one",
                    application(),
                    every(Duration.ofHours(1)),
                    BackplaneObserver.none(),
                    Ticker.SYSTEM);
            cluster.unreadable("one").unwritable("one");
            backplane.start(new RecordingListener());
            await().until(() -> backplane.status().lastError() != null);

            cluster.heal();

            await().until(() -> isUsable(backplane));
            backplane.close();
        }
    }
}
