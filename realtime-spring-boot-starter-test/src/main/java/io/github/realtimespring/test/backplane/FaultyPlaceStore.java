package io.github.realtimespring.test.backplane;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.registry.MemoryPlaceStore;
import io.github.realtimespring.registry.PlaceStore;
import java.util.Collection;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What one node has of a store of places that the nodes of a test share: nothing, while the node cannot reach it. */
final class FaultyPlaceStore implements PlaceStore {

    private final MemoryPlaceStore shared;
    private final BooleanSupplier reachable;

    FaultyPlaceStore(MemoryPlaceStore shared, BooleanSupplier reachable) {
        this.shared = shared;
        this.reachable = reachable;
    }

    private <T> CompletionStage<T> ask(Supplier<CompletionStage<T>> question) {
        return this.reachable.getAsBoolean()
                ? question.get()
                : CompletableFuture.failedFuture(new IllegalStateException("the store cannot be reached"));
    }

    @Override
    public CompletionStage<Answer> claim(Claim claim) {
        return ask(() -> this.shared.claim(claim));
    }

    @Override
    public CompletionStage<Set<ConnectionId>> renew(Collection<Place> places) {
        return ask(() -> this.shared.renew(places));
    }

    @Override
    public CompletionStage<Answer> restore(Place place) {
        return ask(() -> this.shared.restore(place));
    }

    @Override
    public CompletionStage<Void> giveBack(RoutingKey user, ConnectionId connection) {
        return ask(() -> this.shared.giveBack(user, connection));
    }
}
