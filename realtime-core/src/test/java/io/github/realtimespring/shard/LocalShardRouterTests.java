package io.github.realtimespring.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.RoutingKey;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LocalShardRouterTests {

    private final LocalShardRouter router = new LocalShardRouter("origin", 256);

    /** What is in a store is found by its bucket, so another hash would lose it. */
    @Test
    void bucketOfAKeyIsTheSameInEveryVersion() {
        assertThat(this.router.bucket(RoutingKey.room("project:42"))).isEqualTo(8);
        assertThat(this.router.bucket(RoutingKey.room("project:42").withTenant("acme")))
                .isEqualTo(110);
        assertThat(this.router.bucket(RoutingKey.user("alice"))).isEqualTo(37);
    }

    @Test
    void theOnlyNodeOwnsEverything() {
        assertThat(this.router.ownership(0)).isEqualTo(new Ownership(0, "origin", true, 1));
        assertThat(this.router.ownership(255)).isEqualTo(new Ownership(255, "origin", true, 1));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> this.router.ownership(256));
    }

    @Test
    void aListenerIsToldOfEveryBucket() {
        List<Integer> taken = new ArrayList<>();
        this.router.addListener(new ShardRouter.Listener() {
            @Override
            public void taken(int bucket, long token) {
                assertThat(token).isEqualTo(1);
                taken.add(bucket);
            }

            @Override
            public void lost(int bucket) {
                throw new AssertionError("nobody takes anything from the only node");
            }
        });
        assertThat(taken).hasSize(256).doesNotHaveDuplicates();
    }
}
