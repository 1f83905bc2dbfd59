package io.github.realtimespring.test.backplane;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.presence.UserPresence;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/** Who is in which room as one node of a {@link FaultyBackplane} can ask for it and say it. */
final class FaultyPresenceStore implements PresenceStore {

    private final PresenceStore store;
    private final FaultyNodeStore.Faults faults;

    FaultyPresenceStore(PresenceStore store, FaultyNodeStore.Faults faults) {
        this.store = store;
        this.faults = faults;
    }

    @Override
    public CompletionStage<Boolean> report(int bucket, String origin, Duration lease, List<Report> reports) {
        return this.faults.ask(() -> this.store.report(bucket, origin, lease, reports));
    }

    @Override
    public CompletionStage<Derivation> derive(int bucket, long token, Terms terms) {
        return this.faults.ask(() -> this.store.derive(bucket, token, terms));
    }

    @Override
    public CompletionStage<RoomPresence> read(int bucket, RoutingKey room, int maxListed) {
        return this.faults.ask(() -> this.store.read(bucket, room, maxListed));
    }

    @Override
    public CompletionStage<UserPresence> find(int bucket, RoutingKey user) {
        return this.faults.ask(() -> this.store.find(bucket, user));
    }
}
