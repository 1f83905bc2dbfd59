package io.github.realtimespring.test.backplane;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BrokerBackplane;
import org.junit.jupiter.api.AfterEach;

/** The broker in memory as it is without faults, with threads of its own. */
class FaultyBackplaneTests extends BackplaneAdapterContract {

    private final FaultyBackplane cluster = new FaultyBackplane();

    @Override
    protected Setup node() {
        String origin = EventId.next(System.currentTimeMillis());
        BrokerBackplane adapter = new BrokerBackplane(
                this.cluster.broker(origin),
                origin,
                "node",
                new BrokerBackplane.Application("contract", null, DeliveryClass::of, json -> true),
                BackplaneSettings.DEFAULTS,
                BackplaneObserver.none(),
                Ticker.SYSTEM);
        return new Setup(adapter, origin, adapter.history());
    }

    @AfterEach
    void closeCluster() {
        this.cluster.close();
    }
}
