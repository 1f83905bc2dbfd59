package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.fanout.PublishReceipt;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One room on two nodes. */
class TwoNodeTests {

    static final RoutingKey ROOM = RoutingKey.room("project:42");

    final FaultyBackplane cluster = FaultyBackplane.manual(42);
    final ClusterNode one = new ClusterNode(this.cluster, "one");
    final ClusterNode two = new ClusterNode(this.cluster, "two");

    @AfterEach
    void close() {
        this.one.close();
        this.two.close();
        this.cluster.close();
    }

    @ParameterizedTest
    @EnumSource
    void anEventReachesTheMembersOfBothNodesOnceAndIsTheSame(Delivery delivery) {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);

        PublishReceipt receipt = this.one.publish(ROOM, "hello", DeliveryClass.of(delivery));

        boolean recoverable = DeliveryClass.of(delivery).recoverable();
        String text = recoverable ? "hello@1" : "hello";
        assertThat(alice.received()).containsExactly(text);
        assertThat(bob.received()).containsExactly(text);
        assertThat(receipt.backplane()).isEqualTo(recoverable ? BackplaneOutcome.RECORDED : BackplaneOutcome.PUBLISHED);
        assertThat(receipt.local().accepted()).isEqualTo(1);
        assertThat(this.two.fanout.isKnown(ROOM, receipt.eventId())).isTrue();
        assertThat(this.one.counts.of(Received.SELF)).isEqualTo(recoverable ? 0 : 1);
        assertThat(this.two.counts.of(Received.DELIVERED)).isEqualTo(1);
    }

    @Test
    void bothNodesHaveOneOrderForAStream() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);

        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= 100; i++) {
            (i % 3 == 0 ? this.one : this.two).begin(ROOM, "e" + i, DeliveryClass.RECOVERABLE);
            expected.add("e" + i + "@" + i);
        }
        this.cluster.deliver();

        assertThat(alice.received()).isEqualTo(expected);
        assertThat(bob.received()).isEqualTo(expected);
    }

    @Test
    void aNodeWithoutMembersGetsNothing() {
        this.one.join(ROOM);

        this.one.publish(ROOM, "hello", DeliveryClass.STANDARD);

        assertThat(this.cluster.arrivals("two")).isZero();
    }

    @Test
    void aPublishFromANodeWithoutMembersIsAnsweredWithoutWaitingForItsReturn() {
        ClusterNode.Client bob = this.two.join(ROOM);

        PublishReceipt receipt = this.one.publish(ROOM, "hello", DeliveryClass.RECOVERABLE);

        assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        assertThat(receipt.local().chunks()).isZero();
        assertThat(bob.received()).containsExactly("hello@1");
    }

    @Test
    void anIdThatCameFromElsewhereIsNotPublishedAgain() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        Event event = Event.of(ROOM, "test.event", Payload.ofJson("hello"), DeliveryClass.STANDARD);

        this.one.publish(event);
        PublishReceipt again = this.two.publish(event);

        assertThat(again.backplane()).isEqualTo(BackplaneOutcome.PUBLISHED);
        assertThat(alice.received()).containsExactly("hello");
        assertThat(bob.received()).containsExactly("hello");
    }

    @Test
    void localFirstReachesMembersHereBeforeTheBackplaneAndTheOthersBehindIt() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);

        this.one.begin(ROOM, "hello", DeliveryClass.STANDARD);
        assertThat(alice.received()).containsExactly("hello");
        assertThat(bob.received()).isEmpty();

        this.cluster.deliver();
        assertThat(bob.received()).containsExactly("hello");
    }

    @Test
    void publishFirstReachesMembersHereOnlyWhenTheBackplaneHasIt() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        DeliveryClass publishFirst = DeliveryClass.STANDARD.withOrder(PublishOrder.PUBLISH_FIRST);

        this.one.begin(ROOM, "hello", publishFirst);
        assertThat(alice.received()).isEmpty();
        this.cluster.deliver();
        assertThat(alice.received()).containsExactly("hello");
        assertThat(bob.received()).containsExactly("hello");

        this.cluster.unwritable("one");
        assertThat(this.one.publish(ROOM, "nobody", publishFirst).backplane()).isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(alice.received()).containsExactly("hello");
    }

    @Test
    void backplaneOnlyReachesMembersHereLikeThoseElsewhere() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        DeliveryClass backplaneOnly = DeliveryClass.STANDARD.withOrder(PublishOrder.BACKPLANE_ONLY);

        this.one.begin(ROOM, "hello", backplaneOnly);
        this.two.begin(ROOM, "you", backplaneOnly);
        assertThat(alice.received()).isEmpty();
        this.cluster.deliver();
        assertThat(alice.received()).containsExactly("hello", "you");
        assertThat(bob.received()).containsExactly("hello", "you");
    }
}
