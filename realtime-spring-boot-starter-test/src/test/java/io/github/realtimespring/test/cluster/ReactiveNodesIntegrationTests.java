package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.cluster.BoardRoom.Card;
import io.github.realtimespring.test.cluster.BoardRoom.Notice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;

/** Three nodes on Reactor Netty, which share buckets of keys, with signed events and a name of their own. */
@RealtimeClusterTest(
        nodes = 3,
        properties = {
            "spring.main.web-application-type=reactive",
            "realtime.backplane.subscription=sharded",
            "realtime.backplane.app=boards",
            "realtime.backplane.signing-secret=correct horse battery staple",
            "realtime.test.timeout=20s"
        })
class ReactiveNodesIntegrationTests {

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void eventsReachMembersAndUsersOfEveryNode(ClientTransport transport, RealtimeCluster cluster) {
        assertThat(cluster.node(2).context()).isInstanceOf(ReactiveWebServerApplicationContext.class);
        assertThat(cluster.node(2).bean(BrokerBackplane.class).mode()).isEqualTo(SubscriptionMode.SHARDED);
        RealtimeTestClient alice = cluster.node(0).connectAs("alice");
        RealtimeTestClient bob = cluster.node(1).connectAs("bob", transport);
        RealtimeTestClient carol = cluster.node(2).connectAs("carol", transport);
        for (RealtimeTestClient client : new RealtimeTestClient[] {alice, bob, carol}) {
            client.join("board:1").assertJoined();
        }

        alice.publish("card.add", new Card("one")).assertAcked();
        cluster.node(0).bean(RealtimeTemplate.class).user("carol").send(new Notice("for carol"));

        for (RealtimeTestClient client : new RealtimeTestClient[] {alice, bob, carol}) {
            client.expectEvent("card.added", Card.class).isEqualTo(new Card("one"));
        }
        carol.expectEvent("notice", Notice.class).isEqualTo(new Notice("for carol"));
        bob.expectNoMoreEvents();
    }
}
