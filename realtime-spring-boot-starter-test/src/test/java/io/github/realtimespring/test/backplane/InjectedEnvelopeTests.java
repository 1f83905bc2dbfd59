package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.fanout.FanoutSettings;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Others can write to a broker, too: what no node of the application wrote is counted, and nobody gets it. */
class InjectedEnvelopeTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42").withTenant("acme");
    private static final RoutingKey OTHERS = RoutingKey.room("project:42").withTenant("evil");

    private final FaultyBackplane cluster = FaultyBackplane.manual(42);
    private final ClusterNode one = new ClusterNode(this.cluster, "one");
    private final ClusterNode two = new ClusterNode(this.cluster, "two");

    @AfterEach
    void close() {
        this.one.close();
        this.two.close();
        this.cluster.close();
    }

    @Test
    void whatIsNoEnvelopeIsCountedByItsReasonAndDoesNoHarm() {
        ClusterNode.Client bob = this.two.join(ROOM);
        ClusterNode.Client mallory = this.two.join(OTHERS);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        byte[] good = last();
        Random random = new Random(7);
        for (int i = 0; i < 10; i++) {
            byte[] noise = new byte[random.nextInt(300)];
            random.nextBytes(noise);
            this.cluster.inject(ROOM, noise, null);
            this.cluster.inject(ROOM, Arrays.copyOf(good, good.length - 1 - i), null);
            this.cluster.inject(ROOM, good, new Cursor("abcdef", 1 + i));
            this.cluster.inject(ROOM, new byte[(2 << 20) + 1 + i], null);
            this.cluster.inject(OTHERS, good, null);
        }
        this.cluster.inject(ROOM, good, null);
        this.cluster.deliver();
        this.one.publish(ROOM, "e2", DeliveryClass.STANDARD);

        assertThat(bob.received()).containsExactly("e1", "e2");
        assertThat(mallory.received()).isEmpty();
        assertThat(bob.connection.isOpen()).isTrue();
        assertThat(this.two.counts.of(Received.MALFORMED)).isEqualTo(30);
        assertThat(this.two.counts.of(Received.OVERSIZED)).isEqualTo(10);
        assertThat(this.two.counts.of(Received.FOREIGN)).isEqualTo(10);
        assertThat(this.two.counts.of(Received.DUPLICATE)).isEqualTo(1);
        assertThat(this.two.counts.of(Received.DELIVERED)).isEqualTo(2);
        assertThat(this.two.counts.lost()).isZero();
    }

    /** The payload check of these tests takes less than 1,000 bytes; an application's asks for shallow JSON. */
    @Test
    void aPayloadThatIsNotTakenIsALossThatIsDeclared() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.one.publish(ROOM, "[".repeat(1000), DeliveryClass.STANDARD);
        this.one.publish(ROOM, "e3", DeliveryClass.STANDARD);

        assertThat(bob.received()).containsExactly("e1", "gap:backplane", "e3");
        assertThat(this.two.counts.of(Received.MALFORMED)).isEqualTo(1);
        assertThat(this.two.counts.lost()).isEqualTo(1);
    }

    @Test
    void anEntryOfAStreamThatCannotBeReadIsAHoleAndNotAnEndlessTry() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.RECOVERABLE);
        this.one.publish(ROOM, "[".repeat(1000), DeliveryClass.RECOVERABLE);
        this.one.publish(ROOM, "e3", DeliveryClass.RECOVERABLE);

        assertThat(bob.received()).containsExactly("e1@1", "gap:backplane", "e3@3");
        assertThat(this.two.counts.lost()).isEqualTo(1);
    }

    @Test
    void withASecretNothingUnsignedIsReadNorAnythingThatWasSignedWithAnotherOne() {
        byte[] secret = "one secret".getBytes(StandardCharsets.UTF_8);
        ClusterNode three =
                new ClusterNode(this.cluster, "three", ClusterNode.SETTINGS, FanoutSettings.DEFAULTS, secret);
        ClusterNode four = new ClusterNode(this.cluster, "four", ClusterNode.SETTINGS, FanoutSettings.DEFAULTS, secret);
        ClusterNode five = new ClusterNode(
                this.cluster,
                "five",
                ClusterNode.SETTINGS,
                FanoutSettings.DEFAULTS,
                "another one".getBytes(StandardCharsets.UTF_8));
        ClusterNode.Client bob = four.join(ROOM);
        long beacons = four.counts.of(Received.UNSIGNED);

        this.one.publish(ROOM, "unsigned", DeliveryClass.STANDARD);
        five.publish(ROOM, "signed by another", DeliveryClass.STANDARD);
        three.publish(ROOM, "signed", DeliveryClass.STANDARD);

        assertThat(bob.received()).containsExactly("signed");
        assertThat(four.counts.of(Received.UNSIGNED) - beacons).isEqualTo(2);
        this.one.tick();
        assertThat(four.counts.of(Received.UNSIGNED) - beacons).isEqualTo(3);
        assertThat(four.backplane.nodes()).doesNotContain("one");
        List.of(three, four, five).forEach(ClusterNode::close);
    }

    private byte[] last() {
        List<byte[]> captured = this.cluster.captured();
        return captured.get(captured.size() - 1);
    }
}
