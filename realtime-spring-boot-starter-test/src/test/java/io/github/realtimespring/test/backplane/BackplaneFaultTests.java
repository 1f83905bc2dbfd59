package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients see, and what is counted, when the backplane between two nodes does what backplanes do. */
class BackplaneFaultTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final FaultyBackplane cluster = FaultyBackplane.manual(42);
    private final ClusterNode one = new ClusterNode(this.cluster, "one");
    private final ClusterNode two = new ClusterNode(this.cluster, "two");

    @AfterEach
    void close() {
        this.one.close();
        this.two.close();
        this.cluster.close();
    }

    /** Seconds of both nodes. */
    private void seconds(int seconds) {
        for (int i = 0; i < seconds; i++) {
            this.cluster.advance(Duration.ofSeconds(1));
            this.one.tick();
            this.two.tick();
        }
    }

    @Test
    void aLossIsDeclaredWhereItIsAndCounted() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.cluster.drop(1);
        this.one.publish(ROOM, "e2", DeliveryClass.STANDARD);
        this.one.publish(ROOM, "e3", DeliveryClass.STANDARD);
        this.cluster.heal();
        this.one.publish(ROOM, "e4", DeliveryClass.STANDARD);

        assertThat(bob.received()).containsExactly("e1", "gap:backplane", "e4");
        assertThat(this.two.counts.lost()).isEqualTo(2);
    }

    @Test
    void theLastLineOfAQuietRoomIsNotLostSilently() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.cluster.drop(1);
        this.one.publish(ROOM, "e2", DeliveryClass.STANDARD);
        this.cluster.heal();

        seconds(5);

        assertThat(bob.received()).containsExactly("e1", "gap:backplane");
        assertThat(this.two.counts.lost()).isEqualTo(1);
        assertThat(this.two.counts.unknownLosses()).isZero();
    }

    @Test
    void aHoleInAStreamIsReadFromTheStoreBeforeNewerEvents() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.RECOVERABLE);
        this.cluster.drop(1);
        Publication second = this.one.begin(ROOM, "e2", DeliveryClass.RECOVERABLE);
        Publication third = this.one.begin(ROOM, "e3", DeliveryClass.RECOVERABLE);
        this.cluster.deliver();
        this.cluster.heal();
        this.one.publish(ROOM, "e4", DeliveryClass.RECOVERABLE);

        assertThat(alice.received()).containsExactly("e1@1", "e2@2", "e3@3", "e4@4");
        assertThat(bob.received()).containsExactly("e1@1", "e2@2", "e3@3", "e4@4");
        assertThat(ClusterNode.get(second.receipt()).local().accepted()).isEqualTo(1);
        assertThat(ClusterNode.get(third.receipt()).backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        assertThat(this.two.counts.caughtUp()).isEqualTo(3);
        assertThat(this.two.counts.lost()).isZero();
    }

    @Test
    void theLastEventOfAStreamIsFoundWithoutANextOne() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.cluster.drop(1);
        this.one.publish(ROOM, "e1", DeliveryClass.RECOVERABLE);
        this.cluster.heal();
        assertThat(bob.received()).isEmpty();

        seconds(1);

        assertThat(bob.received()).containsExactly("e1@1");
    }

    @Test
    void aHoleThatTheStoreNoLongerHasIsAGap() {
        ClusterNode.Client bob = this.two.join(ROOM);
        this.cluster.streamSize(2).drop(1);
        for (int i = 1; i <= 5; i++) {
            this.one.publish(ROOM, "e" + i, DeliveryClass.RECOVERABLE);
        }
        this.cluster.heal();
        this.one.publish(ROOM, "e6", DeliveryClass.RECOVERABLE);
        this.one.publish(ROOM, "e7", DeliveryClass.RECOVERABLE);

        assertThat(bob.received()).containsExactly("gap:backplane", "e7@7");
    }

    @Test
    void whatComesTwiceIsDeliveredOnce() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        this.cluster.duplicate(1);
        DeliveryClass returning = DeliveryClass.STANDARD.withOrder(PublishOrder.BACKPLANE_ONLY);

        this.one.publish(ROOM, "standard", DeliveryClass.STANDARD);
        this.one.publish(ROOM, "returning", returning);
        this.one.publish(ROOM, "recoverable", DeliveryClass.RECOVERABLE);

        assertThat(alice.received()).containsExactly("standard", "returning", "recoverable@1");
        assertThat(bob.received()).containsExactly("standard", "returning", "recoverable@1");
        assertThat(this.one.counts.of(Received.DUPLICATE)).isEqualTo(2);
        assertThat(this.two.counts.of(Received.DUPLICATE)).isEqualTo(3);
        assertThat(this.two.counts.of(Received.LATE)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverHappensStreamsAreWholeAndOtherLossesAreCountedExactly(long seed) {
        FaultyBackplane cluster = FaultyBackplane.manual(seed);
        Random random = new Random(seed);
        List<ClusterNode> nodes = new ArrayList<>();
        List<ClusterNode.Client> clients = new ArrayList<>();
        int[] published = new int[3];
        for (int i = 0; i < 3; i++) {
            nodes.add(new ClusterNode(cluster, "node" + i));
        }
        for (ClusterNode node : nodes) {
            clients.add(node.join(ROOM));
        }
        // A receiver counts from the first event that it has seen of an origin.
        for (int i = 0; i < 3; i++) {
            nodes.get(i).publish(ROOM, "s" + i + "." + published[i]++, DeliveryClass.STANDARD);
        }
        cluster.drop(0.2).duplicate(0.2).reorder(0.2).delay(Duration.ofMillis(30));
        int recorded = 0;
        for (int i = 0; i < 300; i++) {
            int n = random.nextInt(3);
            if (random.nextBoolean()) {
                nodes.get(n).begin(ROOM, "s" + n + "." + published[n]++, DeliveryClass.STANDARD);
            } else {
                nodes.get(n).begin(ROOM, "r", DeliveryClass.RECOVERABLE);
                recorded++;
            }
            cluster.advance(Duration.ofMillis(random.nextInt(20)));
            if (i % 50 == 49) {
                nodes.forEach(ClusterNode::tick);
            }
        }
        cluster.heal();
        for (int i = 0; i < 4; i++) {
            cluster.advance(Duration.ofSeconds(1));
            nodes.forEach(ClusterNode::tick);
        }

        for (int i = 0; i < 3; i++) {
            List<String> received = clients.get(i).received();
            List<String> stream =
                    received.stream().filter(text -> text.startsWith("r")).toList();
            List<String> expected = new ArrayList<>();
            for (int offset = 1; offset <= recorded; offset++) {
                expected.add("r@" + offset);
            }
            assertThat(stream).as("stream at %s, seed %s", i, seed).isEqualTo(expected);
            int seen = 0;
            int others = 0;
            for (int origin = 0; origin < 3; origin++) {
                String prefix = "s" + origin + ".";
                List<Integer> numbers = received.stream()
                        .filter(text -> text.startsWith(prefix))
                        .map(text -> Integer.valueOf(text.substring(3)))
                        .toList();
                assertThat(numbers)
                        .as("of %s at %s, seed %s", origin, i, seed)
                        .isSorted()
                        .doesNotHaveDuplicates();
                if (origin == i) {
                    assertThat(numbers).hasSize(published[i]);
                } else {
                    seen += numbers.size();
                    others += published[origin];
                }
            }
            assertThat(seen + nodes.get(i).counts.lost())
                    .as("seen and declared at %s, seed %s", i, seed)
                    .isEqualTo(others);
            assertThat(nodes.get(i).counts.unknownLosses()).isZero();
            assertThat(received).contains("gap:backplane");
        }
        nodes.forEach(ClusterNode::close);
        cluster.close();
    }

    @Test
    void aPartitionIsDeclaredAndThenAllIsWholeAgain() {
        ClusterNode.Client bob = this.two.join(ROOM);
        seconds(2);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.cluster.partition("one", "two");
        this.one.publish(ROOM, "e2", DeliveryClass.STANDARD);
        this.one.publish(ROOM, "r", DeliveryClass.RECOVERABLE);

        seconds(4);
        assertThat(this.two.backplane.nodes()).isEmpty();
        assertThat(this.two.backplane.status().readable()).isTrue();
        // The store that both reach has what was recorded.
        assertThat(bob.received()).containsExactly("e1", "gap:backplane", "r@1");

        seconds(4);
        this.cluster.heal();
        seconds(2);
        this.one.publish(ROOM, "e3", DeliveryClass.STANDARD);
        assertThat(this.two.backplane.nodes()).containsExactly("one");
        assertThat(bob.received()).endsWith("e3");
        // What the beacons no longer tell is declared once more.
        assertThat(this.two.counts.unknownLosses()).isEqualTo(2);
    }

    @Test
    void aNodeThatDiesLeavesAGapOfUnknownSizeAndOneThatIsStoppedLeavesNone() {
        ClusterNode three = new ClusterNode(this.cluster, "three");
        ClusterNode.Client bob = this.two.join(ROOM);
        seconds(1);
        three.tick();
        this.one.publish(ROOM, "of one", DeliveryClass.STANDARD);
        three.publish(ROOM, "of three", DeliveryClass.STANDARD);

        three.close();
        this.cluster.advance(Duration.ofSeconds(1));
        seconds(5);
        assertThat(bob.received()).containsExactly("of one", "of three");

        this.cluster.unwritable("one");
        seconds(5);
        assertThat(bob.received()).containsExactly("of one", "of three", "gap:backplane");
        assertThat(this.two.counts.unknownLosses()).isEqualTo(1);
        assertThat(this.two.counts.lost()).isZero();
    }

    @Test
    void withoutBeaconsForThreeSecondsTheBackplaneIsUnreadableAndRecordedEventsComeAfterwards() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        seconds(1);
        this.cluster.unreadable("two");
        seconds(3);
        assertThat(this.two.backplane.status().readable()).isTrue();
        seconds(1);
        assertThat(this.two.backplane.status().readable()).isFalse();
        assertThat(this.two.backplane.status().writable()).isTrue();

        Publication mine = this.two.begin(ROOM, "of two", DeliveryClass.RECOVERABLE);
        this.cluster.deliver();
        assertThat(ClusterNode.get(mine.committed()).backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        this.two.publish(ROOM, "typing", DeliveryClass.EPHEMERAL);
        assertThat(alice.received()).containsExactly("of two@1", "typing");
        assertThat(bob.received()).containsExactly("typing");

        this.cluster.heal();
        this.cluster.deliver();
        assertThat(bob.received()).containsExactly("typing", "of two@1");
        seconds(1);
        assertThat(this.two.backplane.status().readable()).isTrue();
        assertThat(bob.closes()).isEmpty();
    }

    @Test
    void whileItCannotBeWrittenStandardEventsStayHereAndTheOthersAreTold() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.cluster.unwritable("one");

        // The first one finds out, the others are not tried.
        PublishReceipt first = this.one.publish(ROOM, "e2", DeliveryClass.STANDARD);
        assertThat(this.one.backplane.status().writable()).isFalse();
        assertThat(this.one.backplane.status().lastError()).contains("cannot be written");
        PublishReceipt second = this.one.publish(ROOM, "e3", DeliveryClass.STANDARD);
        PublishReceipt rejected = this.one.publish(ROOM, "r", DeliveryClass.RECOVERABLE);

        assertThat(first.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        assertThat(second.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        assertThat(rejected.backplane()).isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(alice.received()).containsExactly("e1", "e2", "e3");

        this.cluster.heal();
        seconds(1);
        assertThat(this.one.backplane.status().writable()).isTrue();
        assertThat(bob.received()).containsExactly("e1", "gap:backplane");
        assertThat(this.two.counts.lost()).isEqualTo(2);
    }

    @Test
    void anOutageOfAnySingleLengthIsCountedExactly() {
        ClusterNode.Client bob = this.two.join(ROOM);
        seconds(1);
        this.one.publish(ROOM, "e0", DeliveryClass.STANDARD);
        this.cluster.unwritable("one").unwritable("two");
        for (int i = 1; i <= 20; i++) {
            this.one.publish(ROOM, "e" + i, DeliveryClass.STANDARD);
            seconds(1);
        }
        this.cluster.heal();
        seconds(1);

        assertThat(bob.received()).startsWith("e0", "gap:backplane");
        assertThat(this.two.counts.lost()).isEqualTo(20);
    }

    @Test
    void aClassMayDegradeToMembersHereOrCloseThem() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        ClusterNode.Client carol = this.one.join(RoutingKey.room("other"));
        this.one.publish(ROOM, "e1", DeliveryClass.STANDARD);
        this.cluster.unwritable("one");
        this.one.tick();

        PublishReceipt degraded = this.one.publish(ROOM, "e2", notWritable(OnNotWritable.DEGRADE));
        assertThat(degraded.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        assertThat(degraded.cursor()).isNull();
        assertThat(alice.received()).containsExactly("e1", "e2");

        PublishReceipt closed = this.one.publish(ROOM, "e3", notWritable(OnNotWritable.CLOSE));
        assertThat(closed.backplane()).isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(alice.closes()).containsExactly(CloseReason.BACKPLANE);
        assertThat(carol.closes()).isEmpty();

        this.cluster.heal();
        seconds(1);
        assertThat(bob.received()).containsExactly("e1", "gap:backplane");
    }

    @Test
    void aRejectionThatComesWithThePublishIsAnsweredByTheClassToo() {
        ClusterNode.Client alice = this.one.join(ROOM);
        this.cluster.unwritable("one");

        PublishReceipt degraded = this.one.publish(ROOM, "e1", notWritable(OnNotWritable.DEGRADE));

        assertThat(degraded.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        assertThat(alice.received()).containsExactly("e1");
    }

    @Test
    void aClassMayCloseItsRoomWhileTheBackplaneCannotBeRead() {
        ClusterNode.Client bob = this.two.join(ROOM);
        seconds(1);
        this.cluster.unreadable("two");
        seconds(4);
        DeliveryClass closing = new DeliveryClass(
                DeliveryClass.RECOVERABLE.name(),
                PublishOrder.BACKPLANE_ONLY,
                OnNotWritable.REJECT,
                OnNotReadable.CLOSE,
                DeliveryClass.RECOVERABLE.overflow(),
                true,
                true,
                Duration.ofSeconds(2));

        Publication publication = this.two.begin(ROOM, "e1", closing);
        this.cluster.deliver();

        assertThat(ClusterNode.get(publication.committed()).backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        assertThat(bob.closes()).containsExactly(CloseReason.BACKPLANE);
    }

    @Test
    void anAnswerThatNeverComesIsUnknownAndARepeatFindsOutWithoutDoubling() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        this.cluster.unanswered("one");
        Event event = Event.of(ROOM, "test.event", Payload.ofJson("hello"), quick());

        PublishReceipt unknown = this.one.publish(event);
        assertThat(unknown.backplane()).isEqualTo(BackplaneOutcome.UNKNOWN);

        this.cluster.heal();
        PublishReceipt again = this.one.publish(event);
        assertThat(again.backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        assertThat(again.cursor()).isNotNull().extracting(Cursor::offset).isEqualTo(1L);
        assertThat(alice.received()).containsExactly("hello@1");
        assertThat(bob.received()).containsExactly("hello@1");
    }

    @Test
    void publishesInFlightAreBounded() {
        ClusterNode three = new ClusterNode(
                this.cluster,
                "three",
                new BackplaneSettings(2, 1 << 20, Duration.ofSeconds(1), Duration.ofSeconds(5), 64),
                FanoutSettings.DEFAULTS,
                null);
        ClusterNode.Client bob = this.two.join(ROOM);
        three.publish(ROOM, "e0", DeliveryClass.STANDARD);
        this.cluster.unanswered("three");

        three.begin(ROOM, "e1", quick());
        three.begin(ROOM, "e2", quick());
        PublishReceipt third = three.publish(ROOM, "e3", quick());
        PublishReceipt standard = three.publish(ROOM, "s1", DeliveryClass.STANDARD);

        assertThat(three.backplane.inFlight()).isEqualTo(2);
        assertThat(third.backplane()).isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(standard.backplane()).isEqualTo(BackplaneOutcome.LOCAL_ONLY);
        three.tick();
        assertThat(bob.received()).containsExactly("e0", "e1@1", "e2@2", "gap:backplane");
        three.close();
    }

    @Test
    void aStoreThatLostItsStreamsBeginsNewOnesAndClientsAreTold() {
        ClusterNode.Client alice = this.one.join(ROOM);
        ClusterNode.Client bob = this.two.join(ROOM);
        Cursor old = this.one.publish(ROOM, "e1", DeliveryClass.RECOVERABLE).cursor();
        this.cluster.forgetStreams();
        this.one.publish(ROOM, "e2", DeliveryClass.RECOVERABLE);
        this.two.publish(ROOM, "e3", DeliveryClass.RECOVERABLE);

        assertThat(alice.received()).containsExactly("e1@1", "gap:backplane", "e2@1", "e3@2");
        assertThat(bob.received()).containsExactly("e1@1", "gap:backplane", "e2@1", "e3@2");
        ClusterNode.Client carol = this.two.connect();
        assertThat(carol.join(ROOM, old).recovery()).isEqualTo(Recovery.EXPIRED);
    }

    @Test
    void aClientResumesOnAnotherNodeWithoutLoss() {
        ClusterNode.Client alice = this.one.join(ROOM);
        Cursor seen = this.one.publish(ROOM, "e1", DeliveryClass.RECOVERABLE).cursor();
        alice.connection.closed(CloseReason.ABNORMAL);
        this.one.publish(ROOM, "e2", DeliveryClass.RECOVERABLE);
        this.one.publish(ROOM, "e3", DeliveryClass.CRITICAL);
        this.one.close();

        ClusterNode.Client again = this.two.connect();
        RoomService.Join join = again.join(ROOM, seen);
        this.two.publish(ROOM, "e4", DeliveryClass.RECOVERABLE);

        assertThat(join.recovery()).isEqualTo(Recovery.RECOVERED);
        assertThat(again.received()).containsExactly("e2@2", "e3@3", "e4@4");
    }

    @Test
    void whatLocalDeliveryHasNoRoomForIsReadLaterOrDeclared() {
        FanoutSettings small = new FanoutSettings(
                500, Duration.ofMillis(5), 1, FanoutSettings.DEFAULTS.cutoff(), 10_000, 1, 64L << 20, tenant -> 1);
        ClusterNode three = new ClusterNode(this.cluster, "three", ClusterNode.SETTINGS, small, null);
        ClusterNode.Client bob = three.join(ROOM);
        for (int i = 1; i <= 200; i++) {
            this.one.begin(ROOM, "r", DeliveryClass.RECOVERABLE);
        }
        this.cluster.deliver();
        List<String> expected = new ArrayList<>();
        for (int i = 1; i <= 200; i++) {
            expected.add("r@" + i);
        }
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(5))
                .untilAsserted(() -> {
                    three.tick();
                    assertThat(bob.received()).isEqualTo(expected);
                });
        assertThat(three.counts.lost()).isZero();
        three.close();
    }

    private static DeliveryClass quick() {
        DeliveryClass recoverable = DeliveryClass.RECOVERABLE;
        return new DeliveryClass(
                recoverable.name(),
                recoverable.order(),
                recoverable.onNotWritable(),
                recoverable.onNotReadable(),
                recoverable.overflow(),
                true,
                true,
                Duration.ofMillis(50));
    }

    private static DeliveryClass notWritable(OnNotWritable answer) {
        DeliveryClass recoverable = DeliveryClass.RECOVERABLE;
        return new DeliveryClass(
                recoverable.name(),
                recoverable.order(),
                answer,
                recoverable.onNotReadable(),
                recoverable.overflow(),
                true,
                true,
                recoverable.publishTimeout());
    }
}
