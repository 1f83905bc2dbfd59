package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Three nodes of the application share the buckets; the last test takes one away. */
@RealtimeClusterTest(
        nodes = 3,
        classes = ClusterApplication.class,
        properties = {
            "realtime.backplane.beacon=100ms",
            "realtime.store.buckets=64",
            "management.endpoints.web.exposure.include=realtime"
        })
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OwnersIntegrationTests {

    private final RealtimeCluster cluster;

    OwnersIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    private List<Ownership> owners(int bucket, int... nodes) {
        List<Ownership> owners = new ArrayList<>();
        for (int node : nodes) {
            Ownership ownership =
                    this.cluster.node(node).bean(ShardRouter.class).ownership(bucket);
            if (ownership.mine()) {
                owners.add(ownership);
            }
        }
        return owners;
    }

    private boolean eachHasOneOwner(int... nodes) {
        for (int bucket = 0; bucket < 64; bucket++) {
            int owners = owners(bucket, nodes).size();
            assertThat(owners).as("owners of bucket %d", bucket).isLessThanOrEqualTo(1);
            if (owners == 0) {
                return false;
            }
        }
        return true;
    }

    @Test
    @Order(1)
    void eachBucketHasOneOwnerAndOperatorsSeeIt() {
        await().atMost(Duration.ofSeconds(20)).until(() -> eachHasOneOwner(0, 1, 2));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(this.cluster
                                .node(0)
                                .bean(RealtimeEndpoint.class)
                                .summary()
                                .shards()
                                .owners())
                        .containsOnlyKeys("node-0", "node-1", "node-2")
                        .allSatisfy((node, buckets) -> assertThat(buckets).isBetween(14, 24)));
        MeterRegistry meters = this.cluster.node(0).bean(MeterRegistry.class);
        assertThat(meters.get("realtime.shards.nodes").gauge().value()).isEqualTo(3);
        assertThat(meters.get("realtime.shards.owned").gauge().value()).isBetween(14.0, 24.0);
        assertThat(meters.get("realtime.shards.changes")
                        .tag("change", "began")
                        .counter()
                        .count())
                .isPositive();
    }

    /** Its lease has half a minute left. */
    @Test
    @Order(2)
    void aNodeThatStopsHandsItsBucketsOverAtOnce() {
        await().atMost(Duration.ofSeconds(20)).until(() -> eachHasOneOwner(0, 1, 2));
        this.cluster.node(2).stop();
        await().atMost(Duration.ofSeconds(10)).until(() -> eachHasOneOwner(0, 1));
    }
}
