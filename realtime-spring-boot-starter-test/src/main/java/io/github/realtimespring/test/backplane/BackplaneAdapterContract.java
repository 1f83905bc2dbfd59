package io.github.realtimespring.test.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Control;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.Recorded;
import io.github.realtimespring.history.Replay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What every {@link BackplaneAdapter} has to do ({@code docs/contracts/backplane.md}; the numbers in the comments are its
 * rules). Extend it for an adapter; each test has a room of its own, so a broker may serve all of them.
 *
 * @since 0.1.0
 */
public abstract class BackplaneAdapterContract {

    private static final DeliveryClass RETURNING = DeliveryClass.STANDARD.withOrder(PublishOrder.BACKPLANE_ONLY);

    private final List<Node> nodes = new ArrayList<>();
    private final RoutingKey room = RoutingKey.room("contract:" + EventId.next(System.currentTimeMillis()));

    /**
     * A node of the application under test.
     *
     * @param adapter not started yet
     * @param origin its origin
     * @param history what it reads of streams
     */
    public record Setup(BackplaneAdapter adapter, String origin, History history) {}

    /** Makes one more node of one application. */
    protected abstract Setup node();

    /** Whether the adapter connects more than one node; the tests of two nodes are left out otherwise. */
    protected boolean connectsNodes() {
        return true;
    }

    /**
     * Whether the cursors of a stream count its events, as A6 says for a store that gives offsets of its own. One whose
     * streams share a log gives offsets of the log, which grow, each behind the one before it.
     */
    protected boolean cursorsCount() {
        return true;
    }

    /** How long something may take that takes as long as it takes. */
    protected Duration patience() {
        return Duration.ofSeconds(10);
    }

    /** A node that has started. */
    private final class Node {

        private final Setup setup = node();
        private final RecordingListener listener = new RecordingListener();
        private final List<Control> asked = new CopyOnWriteArrayList<>();

        Node() {
            this.setup.adapter().controls(this.asked::add);
            this.setup.adapter().start(this.listener);
            BackplaneAdapterContract.this.nodes.add(this);
            await().atMost(patience())
                    .until(() -> this.setup.adapter().status().readable()
                            && this.setup.adapter().status().writable());
        }

        Node join() {
            this.listener.need(BackplaneAdapterContract.this.room);
            get(this.setup.adapter().subscribe(BackplaneAdapterContract.this.room));
            return this;
        }

        CompletionStage<Published> begin(Event event) {
            return this.setup.adapter().publish(new BackplaneMessage(this.setup.origin(), event));
        }

        Published publish(Event event) {
            return get(begin(event));
        }

        List<String> data() {
            return this.listener.events().stream()
                    .map(event -> new String(event.payload().bytes(), java.nio.charset.StandardCharsets.UTF_8))
                    .toList();
        }

        void gets(List<String> data) {
            await().atMost(patience()).untilAsserted(() -> assertThat(data()).isEqualTo(data));
        }
    }

    private <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture()
                .orTimeout(patience().toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private Event event(int number, DeliveryClass delivery) {
        return Event.of(this.room, "contract.event", Payload.ofJson(Integer.toString(number)), delivery);
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    @AfterEach
    void closeNodes() {
        this.nodes.forEach(node -> node.setup.adapter().close());
        assertThat(this.nodes).as("A11").noneMatch(node -> node.listener.overlapped());
    }

    /** A3. */
    @Test
    void aBackplaneOnlyEventComesBack() {
        Node one = new Node().join();

        assertThat(one.publish(event(0, RETURNING)).outcome()).isEqualTo(BackplaneOutcome.PUBLISHED);

        one.gets(numbers(1));
    }

    /** A3. */
    @Test
    void anyOtherEventDoesNotComeBack() {
        Node one = new Node().join();

        one.publish(event(7, DeliveryClass.STANDARD));
        one.publish(event(7, DeliveryClass.STANDARD.withOrder(PublishOrder.PUBLISH_FIRST)));
        one.publish(event(0, RETURNING));

        one.gets(numbers(1));
    }

    /** A2, A6. */
    @Test
    void eventsOfAStreamComeInOrderWithCursorsThatGrow() {
        Node one = new Node().join();
        Cursor head = get(one.setup.history().head(this.room));

        List<CompletionStage<Published>> published = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            published.add(one.begin(event(i, DeliveryClass.RECOVERABLE)));
        }

        one.gets(numbers(50));
        Cursor before = head;
        for (int i = 0; i < 50; i++) {
            Cursor place = Objects.requireNonNull(get(published.get(i)).cursor());
            if (cursorsCount()) {
                assertThat(place).isEqualTo(new Cursor(head.epoch(), head.offset() + 1 + i));
            }
            assertThat(get(published.get(i)).outcome()).isEqualTo(BackplaneOutcome.RECORDED);
            assertThat(place.epoch()).isEqualTo(head.epoch());
            assertThat(place.offset()).isGreaterThan(before.offset());
            assertThat(one.listener.events().get(i).cursor()).isEqualTo(place);
            before = place;
        }
    }

    /** A6. */
    @Test
    void theHistoryHasWhatWasRecorded() {
        Node one = new Node().join();
        Cursor head = get(one.setup.history().head(this.room));
        Cursor last = head;
        for (int i = 0; i < 5; i++) {
            last = one.publish(event(i, DeliveryClass.RECOVERABLE)).cursor();
        }

        Replay replay = get(one.setup.history().since(this.room, head, 3));

        assertThat(replay.available()).isTrue();
        assertThat(replay.missed()).isEqualTo(5);
        assertThat(replay.head()).isEqualTo(cursorsCount() ? new Cursor(head.epoch(), head.offset() + 5) : last);
        one.gets(numbers(5));
        assertThat(replay.events())
                .extracting(Recorded::event)
                .usingRecursiveFieldByFieldElementComparator()
                .isEqualTo(one.listener.events().subList(0, 3));
    }

    /** A6. */
    @Test
    void theHistoryDoesNotGoOnFromAPositionThatItNeverGave() {
        Node one = new Node().join();
        one.publish(event(0, DeliveryClass.RECOVERABLE));
        Cursor head = get(one.setup.history().head(this.room));
        Cursor other = get(one.setup.history().head(this.room.withTenant("other")));

        for (Cursor wrong : List.of(new Cursor(head.epoch(), head.offset() + 1), new Cursor("none", 0), other)) {
            assertThat(get(one.setup.history().since(this.room, wrong, 10)).available())
                    .as("from %s", wrong)
                    .isFalse();
        }
    }

    /** A8. */
    @Test
    void everyCallerOfSubscribeWaitsUntilItIsInForce() {
        Node one = new Node();
        List<CompletionStage<Void>> waiting = IntStream.range(0, 10)
                .mapToObj(i -> one.setup.adapter().subscribe(this.room))
                .toList();
        one.listener.need(this.room);

        get(waiting.get(9));
        one.publish(event(0, RETURNING));

        one.gets(numbers(1));
        waiting.forEach(this::get);
    }

    /** A9. */
    @Test
    void aKeyThatIsNeededStillArrivesAfterAnUnsubscribe() {
        Node one = new Node().join();

        one.setup.adapter().unsubscribe(this.room);
        one.publish(event(0, RETURNING));

        one.gets(numbers(1));
    }

    /** A12. */
    @Test
    void afterTheCloseNothingArrivesAndPublishesAreRejected() {
        Node one = new Node().join();
        one.publish(event(0, RETURNING));
        one.gets(numbers(1));

        one.setup.adapter().close();

        assertThat(one.publish(event(1, DeliveryClass.RECOVERABLE)).outcome()).isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(one.data()).isEqualTo(numbers(1));
    }

    /** A2, A3. */
    @Test
    void eventsReachTheOtherNodesOnceAndInOrder() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node().join();
        Node two = new Node().join();

        for (int i = 0; i < 100; i++) {
            one.begin(event(i, i % 2 == 0 ? DeliveryClass.STANDARD : DeliveryClass.EPHEMERAL));
        }

        two.gets(numbers(100));
        assertThat(one.data()).isEmpty();
        assertThat(two.listener.lost()).isZero();
        assertThat(two.listener.messages()).allMatch(message -> message.origin().equals(one.setup.origin()));
    }

    /** A6: one order for everybody. */
    @Test
    void twoPublishersHaveOneStream() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node().join();
        Node two = new Node().join();

        List<CompletionStage<Published>> published = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            published.add((i % 2 == 0 ? one : two).begin(event(i, DeliveryClass.RECOVERABLE)));
        }
        published.forEach(this::get);

        await().atMost(patience()).untilAsserted(() -> {
            assertThat(one.data()).hasSize(100);
            assertThat(two.data()).isEqualTo(one.data());
        });
        assertThat(one.listener.events())
                .extracting(
                        event -> event.cursor() == null ? -1 : event.cursor().offset())
                .isSorted()
                .doesNotHaveDuplicates();
    }

    /** A7. */
    @Test
    void recordingAnIdTwiceIsRecordingItOnce() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node().join();
        Node two = new Node().join();
        Event event = event(0, DeliveryClass.CRITICAL);

        Published first = one.publish(event);
        Published second = two.publish(event);
        one.publish(event(1, DeliveryClass.CRITICAL));

        assertThat(second).isEqualTo(first);
        one.gets(numbers(2));
        two.gets(numbers(2));
    }

    /** A6: resume on another node. */
    @Test
    void everyNodeReadsTheSameHistory() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node().join();
        Cursor head = get(one.setup.history().head(this.room));
        one.publish(event(0, DeliveryClass.RECOVERABLE));
        Node two = new Node();

        Replay replay = get(two.setup.history().since(this.room, head, 10));

        assertThat(replay.complete()).isTrue();
        assertThat(replay.events())
                .singleElement()
                .satisfies(recorded -> assertThat(recorded.event().payload().bytes())
                        .isEqualTo(Payload.ofJson("0").bytes()));
    }

    /** A15. */
    @Test
    void whatIsAskedForAboutAUserReachesTheOtherNodesAndNoListener() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node();
        Node two = new Node();
        Node three = new Node();
        RoutingKey user = RoutingKey.user("contract " + this.room.id());
        for (Node node : List.of(one, two)) {
            node.listener.need(user);
            get(node.setup.adapter().subscribe(user));
        }
        Control evict = Control.evict(user, this.room);
        Control close = Control.disconnect(user, 4409, List.of(new ConnectionId("c1"), new ConnectionId("c2")));

        one.begin(Event.of(user, "before", Payload.ofJson("0"), DeliveryClass.STANDARD));
        assertThat(get(one.setup.adapter().control(evict))).isEqualTo(BackplaneOutcome.PUBLISHED);
        assertThat(get(one.setup.adapter().control(close))).isEqualTo(BackplaneOutcome.PUBLISHED);

        await().atMost(patience()).untilAsserted(() -> assertThat(two.asked).containsExactly(evict, close));
        two.gets(numbers(1));
        assertThat(one.asked).isEmpty();
        assertThat(three.asked).isEmpty();
        assertThat(two.listener.lost()).isZero();
        one.setup.adapter().close();
        assertThat(get(one.setup.adapter().control(evict))).isEqualTo(BackplaneOutcome.REJECTED);
    }

    /** A8. */
    @Test
    void aNodeThatHasNotSubscribedGetsNothing() {
        assumeThat(connectsNodes()).isTrue();
        Node one = new Node().join();
        Node two = new Node();
        Node three = new Node().join();

        one.publish(event(7, DeliveryClass.STANDARD));
        // It is no longer on its way when somebody else has it: who joins before that may get it as well.
        three.gets(List.of("7"));
        two.join();
        one.publish(event(0, DeliveryClass.STANDARD));

        two.gets(numbers(1));
    }
}
