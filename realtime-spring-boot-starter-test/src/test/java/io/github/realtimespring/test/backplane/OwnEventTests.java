package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Received;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Members of the publishing node get a backplane-only event when it comes back: if it does not, they are told. */
class OwnEventTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private static final DeliveryClass RETURNING = DeliveryClass.STANDARD.withOrder(PublishOrder.BACKPLANE_ONLY);

    private final FaultyBackplane cluster = FaultyBackplane.manual(42);
    private final ClusterNode one = new ClusterNode(this.cluster, "one", OwnEventTests::classOf);
    private final ClusterNode two = new ClusterNode(this.cluster, "two", OwnEventTests::classOf);
    private ClusterNode.Client alice;
    private ClusterNode.Client bob;

    private static DeliveryClass classOf(Delivery delivery) {
        return delivery == Delivery.STANDARD ? RETURNING : DeliveryClass.of(delivery);
    }

    @BeforeEach
    void join() {
        this.alice = this.one.join(ROOM);
        this.bob = this.two.join(ROOM);
    }

    @AfterEach
    void close() {
        this.one.close();
        this.two.close();
        this.cluster.close();
    }

    private void publishLost(String data) {
        this.cluster.drop(1);
        this.one.begin(ROOM, data, RETURNING);
        this.cluster.deliver();
        this.cluster.drop(0);
    }

    @Test
    void aLostOneIsDeclaredByTheNextBeacon() {
        this.one.publish(ROOM, "1", RETURNING);
        publishLost("2");
        this.one.tick();

        assertThat(this.alice.received()).containsExactly("1", "gap:backplane");
        assertThat(this.bob.received()).containsExactly("1", "gap:backplane");
        assertThat(this.one.counts.lost()).isEqualTo(1);
        assertThat(this.two.counts.lost()).isEqualTo(1);
    }

    @Test
    void aLostOneIsDeclaredBeforeTheOneThatComesAfterIt() {
        publishLost("1");
        publishLost("2");
        this.one.publish(ROOM, "3", RETURNING);

        assertThat(this.alice.received()).containsExactly("gap:backplane", "3");
        assertThat(this.one.counts.lost()).isEqualTo(2);
        this.one.tick();
        assertThat(this.alice.received()).containsExactly("gap:backplane", "3");
    }

    /** Members here have it before it is sent. */
    @Test
    void aLostEventThatMembersHereHaveIsNoLossForThem() {
        this.cluster.drop(1);
        this.one.begin(ROOM, "1", DeliveryClass.EPHEMERAL);
        this.cluster.deliver();
        this.cluster.drop(0);
        this.one.publish(ROOM, "2", RETURNING);
        this.one.tick();

        assertThat(this.alice.received()).containsExactly("1", "2");
        assertThat(this.bob.received()).containsExactly("2");
        assertThat(this.one.counts.lost()).isZero();
    }

    @Test
    void oneThatComesAfterItsLossWasDeclaredIsDropped() {
        this.one.publish(ROOM, "1", RETURNING);
        this.cluster.drop(1);
        this.one.begin(ROOM, "2", RETURNING);
        this.cluster.deliver();
        this.cluster.drop(0);
        byte[] envelope = this.cluster.captured().get(this.cluster.captured().size() - 1);
        this.one.tick();
        this.cluster.inject(ROOM, envelope, null);
        this.cluster.deliver();

        assertThat(this.alice.received()).containsExactly("1", "gap:backplane");
        assertThat(this.one.counts.of(Received.LATE)).isEqualTo(1);
    }

    @Test
    void oneThatWasCertainlyNotSentIsNotMissed() {
        this.cluster.unwritable("one");
        assertThat(this.one.publish(ROOM, "1", RETURNING).backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        this.cluster.heal();
        this.one.tick();
        this.one.publish(ROOM, "2", RETURNING);
        this.one.tick();

        assertThat(this.alice.received()).containsExactly("1", "2");
        assertThat(this.one.counts.lost()).isZero();
    }

    @Test
    void oneThatComesTwiceIsDeliveredOnce() {
        this.cluster.duplicate(1);
        this.one.publish(ROOM, "1", RETURNING);
        this.one.tick();

        assertThat(this.alice.received()).containsExactly("1");
        assertThat(this.one.counts.of(Received.DUPLICATE)).isEqualTo(1);
    }
}
