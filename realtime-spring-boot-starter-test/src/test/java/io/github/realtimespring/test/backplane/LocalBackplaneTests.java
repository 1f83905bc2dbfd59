package io.github.realtimespring.test.backplane;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;

class LocalBackplaneTests extends BackplaneAdapterContract {

    @Override
    protected Setup node() {
        MemoryStreams streams = new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM);
        return new Setup(new LocalBackplane(streams), "local", streams);
    }

    @Override
    protected boolean connectsNodes() {
        return false;
    }
}
