package io.github.realtimespring.test.backplane;

import io.github.realtimespring.registry.MemoryPlaceStore;
import io.github.realtimespring.registry.PlaceStore;
import java.time.Duration;

class MemoryPlaceStoreTests extends PlaceStoreContract {

    private static final Duration LEASE = Duration.ofSeconds(30);

    private final ManualTicker ticker = new ManualTicker();
    private final MemoryPlaceStore store = new MemoryPlaceStore(this.ticker, LEASE);

    @Override
    protected PlaceStore store(int node) {
        return this.store;
    }

    @Override
    protected void passLease() {
        this.ticker.advance(LEASE);
    }

    @Override
    protected void passMostOfLease() {
        this.ticker.advance(LEASE.minusSeconds(1));
    }

    @Override
    protected void forget() {
        this.store.clear();
    }
}
