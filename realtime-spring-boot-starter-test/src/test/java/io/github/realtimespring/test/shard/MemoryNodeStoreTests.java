package io.github.realtimespring.test.shard;

import io.github.realtimespring.shard.MemoryNodeStore;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.test.backplane.ManualTicker;
import io.github.realtimespring.test.backplane.NodeStoreContract;
import java.time.Duration;

class MemoryNodeStoreTests extends NodeStoreContract {

    private final ManualTicker ticker = new ManualTicker();

    @Override
    protected NodeStore store() {
        return new MemoryNodeStore(this.ticker);
    }

    @Override
    protected void pass(Duration time) {
        this.ticker.advance(time);
    }
}
