package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.lettuce.core.cluster.SlotHash;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NamesTests {

    private final Names names = new Names("chat");

    @Test
    void nameHasApplicationAndTenantInFrontAndTheKeyInBraces() {
        assertThat(this.names.channel(RoutingKey.room("project:42").withTenant("acme")))
                .isEqualTo("chat:acme:{room:project:42}:live");
        assertThat(this.names.channel(RoutingKey.user("alice"))).isEqualTo("chat::{user:alice}:live");
    }

    @Test
    void everythingOfAKeyIsInOneSlotAndKeysAreInDifferentOnes() {
        Set<Integer> slots = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            RoutingKey key = RoutingKey.room("project:" + i);
            int slot = SlotHash.getSlot(this.names.channel(key));
            slots.add(slot);
            for (byte[] name : List.of(this.names.position(key), this.names.stream(key), this.names.ids(key))) {
                assertThat(SlotHash.getSlot(name)).isEqualTo(slot);
            }
        }
        assertThat(slots).hasSizeGreaterThan(90);
    }

    /** Names of users are any printable text. */
    @Test
    void noTwoKeysHaveANameInCommon() {
        Set<String> all = new HashSet<>();
        List<RoutingKey> keys = List.of(
                RoutingKey.user("a"),
                RoutingKey.user("a}:live"),
                RoutingKey.user("a}:events"),
                RoutingKey.user("{a}"),
                RoutingKey.room("a"),
                RoutingKey.room("a").withTenant("t"),
                RoutingKey.room("t:a"));
        for (RoutingKey key : keys) {
            all.add(this.names.channel(key));
            for (byte[] name : List.of(this.names.position(key), this.names.stream(key), this.names.ids(key))) {
                all.add(new String(name, StandardCharsets.UTF_8));
            }
        }
        assertThat(all).hasSize(4 * keys.size());
    }

    /** Whoever writes for a bucket is checked by its owner's token in the same script. */
    @Test
    void everythingOfABucketIsInOneSlotAndNoKeyHasItsName() {
        assertThat(this.names.owner(17)).asString().isEqualTo("chat:{bucket:17}:owner");
        assertThat(SlotHash.getSlot(this.names.bucket(17, "users"))).isEqualTo(SlotHash.getSlot(this.names.owner(17)));
        assertThat(SlotHash.getSlot(this.names.owner(18))).isNotEqualTo(SlotHash.getSlot(this.names.owner(17)));
        assertThat(SlotHash.getSlot(this.names.leases()))
                .isEqualTo(SlotHash.getSlot(this.names.sequence()))
                .isEqualTo(SlotHash.getSlot(this.names.unsettled()));
    }

    @Test
    void nameOfAnApplicationCannotReachIntoAnotherOne() {
        assertThat(new Names("chat:acme").beacons()).isEqualTo("chat%3Aacme:beacons");
        assertThat(new Names("chat{x}").beacons()).doesNotContain("{");
    }
}
