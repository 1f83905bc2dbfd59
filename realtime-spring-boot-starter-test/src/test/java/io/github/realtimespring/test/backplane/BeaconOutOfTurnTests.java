package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Received;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
        BrokerBackplane backplane = manual(cluster, cluster.broker("one"), "one");
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

    /** A beacon behind the goodbye would have the others wait for a node that is gone, and tell of its loss. */
    @Test
    void aBeaconThatIsBeingMadeWhenItsNodeClosesIsNotSentBehindTheGoodbye() throws Exception {
        FaultyBackplane cluster = FaultyBackplane.manual(1);
        CountDownLatch making = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch goodbye = new CountDownLatch(1);
        BrokerBackplane one = manual(
                cluster,
                beforeClose(cluster.broker("one"), () -> {
                    goodbye.countDown();
                    await().until(() -> over.getCount() == 0);
                }),
                "one");
        BrokerBackplane two = manual(cluster, cluster.broker("two"), "two");
        Thread beacons = new Thread(one::tick, "beacons");
        two.start(new RecordingListener());
        one.start(new Nobody() {
            @Override
            public int connections() {
                if (Thread.currentThread() == beacons) {
                    making.countDown();
                    await().until(() -> go.getCount() == 0);
                }
                return 0;
            }
        });
        cluster.deliver();
        assertThat(two.nodes()).containsExactly("one");
        Thread closing = new Thread(one::close, "closing");

        beacons.start();
        assertThat(making.await(10, TimeUnit.SECONDS)).isTrue();
        closing.start();
        await().until(() -> closing.getState() == Thread.State.BLOCKED || goodbye.getCount() == 0);
        go.countDown();
        beacons.join(10_000);
        over.countDown();
        closing.join(10_000);
        cluster.deliver();

        assertThat(two.nodes()).isEmpty();
        two.close();
    }

    private static Broker beforeClose(Broker broker, Runnable action) {
        return (Broker) Proxy.newProxyInstance(
                Broker.class.getClassLoader(), new Class<?>[] {Broker.class}, (self, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        action.run();
                    }
                    return method.invoke(broker, arguments);
                });
    }

    private static BrokerBackplane manual(FaultyBackplane cluster, Broker broker, String node) {
        return BrokerBackplane.manual(
                broker,
                node,
                node,
                application(),
                BackplaneSettings.DEFAULTS,
                BackplaneObserver.none(),
                cluster.ticker());
    }

    /** Takes nothing. */
    private static class Nobody implements BackplaneListener {

        @Override
        public Received onMessage(BackplaneMessage message) {
            return Received.NO_MEMBERS;
        }

        @Override
        public boolean isKnown(RoutingKey key, String eventId) {
            return false;
        }

        @Override
        public boolean isNeeded(RoutingKey key) {
            return false;
        }

        @Override
        public boolean onLoss(RoutingKey key, long events) {
            return false;
        }
    }
}
