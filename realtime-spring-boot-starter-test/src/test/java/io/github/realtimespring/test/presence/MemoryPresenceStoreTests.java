package io.github.realtimespring.test.presence;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.test.backplane.PresenceStoreContract;

class MemoryPresenceStoreTests extends PresenceStoreContract {

    @Override
    protected PresenceStore store() {
        return new MemoryPresenceStore(Ticker.SYSTEM);
    }
}
