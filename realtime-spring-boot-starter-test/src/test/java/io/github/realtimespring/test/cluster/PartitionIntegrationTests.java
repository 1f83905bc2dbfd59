package io.github.realtimespring.test.cluster;

import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.cluster.BoardRoom.Card;
import io.github.realtimespring.test.cluster.BoardRoom.Pointed;
import org.junit.jupiter.api.Test;

/** The application is found, beacons are as in production. */
// region cluster
@RealtimeClusterTest(nodes = 2)
class PartitionIntegrationTests {

    @Test
    void nodesThatCannotHearEachOtherAreWholeAgainAfterwards(RealtimeCluster cluster) {
        RealtimeTestClient alice = cluster.node(0).connectAs("alice");
        RealtimeTestClient bob = cluster.node(1).connectAs("bob", ClientTransport.SSE);
        alice.join("board:1").assertJoined();
        bob.join("board:1").assertJoined();
        alice.publish("point", new Pointed("here")).assertAcked();
        bob.expectEvent("pointed", Pointed.class).isEqualTo(new Pointed("here"));

        cluster.backplane().partition(0, 1);
        alice.publish("point", new Pointed("there")).assertAcked();
        alice.publish("card.add", new Card("Apollo")).assertAcked();
        cluster.backplane().heal();

        bob.expectGap(GapReason.BACKPLANE);
        bob.expectEvent("card.added", Card.class).isEqualTo(new Card("Apollo"));
        bob.expectNoMoreEvents();
    }
}
// endregion
