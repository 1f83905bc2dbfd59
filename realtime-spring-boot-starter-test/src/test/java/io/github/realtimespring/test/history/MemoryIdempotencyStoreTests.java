package io.github.realtimespring.test.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.MemoryIdempotencyStore;
import org.junit.jupiter.api.Test;

class MemoryIdempotencyStoreTests extends IdempotencyStoreContract {

    private final MemoryIdempotencyStore store = new MemoryIdempotencyStore(WINDOW, LEASE, 10_000, 100, Ticker.SYSTEM);

    @Override
    protected IdempotencyStore node() {
        return this.store;
    }

    private static IdempotencyStore.Scope scope(int number) {
        return new IdempotencyStore.Scope("user:alice", RoutingKey.room("a"), "event", "k" + number);
    }

    @Test
    void whatIsClaimedStaysAndOneMoreThanThereMayBeIsRefused() {
        for (int i = 0; i < 100; i++) {
            this.store.claim(scope(i), "h" + i, "e");
        }
        assertThat(this.store.claim(scope(100), "h", "e")).isCompletedExceptionally();
        for (int i = 200; i < 300; i++) {
            this.store.answer(scope(i), "e", new byte[500]);
        }

        assertThat(this.store.size()).isBetween(101, 120);
        assertThat(this.store.claim(scope(0), "other", "e"))
                .isCompletedWithValueMatching(claim -> claim.state() == IdempotencyStore.State.TAKEN);
        assertThat(this.store.claim(scope(299), "other", "e"))
                .isCompletedWithValueMatching(claim -> claim.state() == IdempotencyStore.State.ANSWERED);
    }
}
