package io.github.realtimespring.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.testing.TestFrames;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random operations, alone and from several threads; whatever happens, the invariants and the order hold. */
class SendQueueStressTests {

    private static final DeliveryClass DROP_OLDEST = standard(OverflowPolicy.DROP_OLDEST);

    /** Polls when told, on the test's thread. */
    private static final class ManualTransport implements ConnectionTransport {
        private @Nullable SendQueue ready;
        private boolean inFlight;
        private final List<String> received = new ArrayList<>();

        @Override
        public void wakeUp(SendQueue queue) {
            assertThat(this.ready).as("woken while awake").isNull();
            this.ready = queue;
        }

        void step(int maxBytes) {
            SendQueue queue = this.ready;
            if (queue == null) {
                return;
            }
            if (this.inFlight) {
                queue.written();
                this.inFlight = false;
                return;
            }
            List<Frame> batch = queue.poll(maxBytes);
            if (batch == null) {
                this.ready = null;
            } else {
                batch.forEach(frame -> this.received.add(frame.text()));
                this.inFlight = true;
            }
        }

        @Override
        public void close(CloseReason reason) {}

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "manual";
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28})
    void randomOperationsKeepTheBoundsTheOrderAndDeclareEveryHole(long seed) {
        Random random = new Random(seed);
        ManualTransport transport = new ManualTransport();
        Connection connection = connection(transport, 16, 400);
        List<String> taken = new ArrayList<>();
        boolean lost = false;
        for (int n = 0; n < 20_000; n++) {
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> transport.step(1 + random.nextInt(100));
                case 3 -> connection.send(Frame.direct(TestFrames.bytes("answer")));
                case 4 -> connection.send(frame("t" + n, DeliveryClass.EPHEMERAL, "k" + random.nextInt(3)));
                case 5 -> connection.gap(RoutingKey.room("r" + random.nextInt(2)), GapReason.BACKPLANE);
                default -> {
                    DeliveryClass delivery = random.nextBoolean() ? DROP_OLDEST : DeliveryClass.STANDARD;
                    String data = "e" + n + "x".repeat(random.nextInt(30));
                    Outcome outcome = connection.send(frame(data, delivery, null));
                    if (outcome == Outcome.ACCEPTED) {
                        taken.add(data);
                    } else {
                        assertThat(outcome).isEqualTo(Outcome.DROPPED);
                        lost = true;
                    }
                }
            }
            assertThat(connection.queue().inconsistencies())
                    .as("seed %s step %s", seed, n)
                    .isEmpty();
        }
        for (int i = 0; i < 1000; i++) {
            transport.step(1000);
        }
        List<String> received =
                transport.received.stream().filter(text -> text.startsWith("e")).toList();
        assertThat(taken).as("in order, seed %s", seed).containsSubsequence(received);
        assertThat(lost).as("the run met a full queue, seed %s", seed).isTrue();
        assertThat(transport.received).contains("gap:r0");
        assertThat(connection.queue().bytes()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33})
    void threadsThatSendWhileAnotherDrainsLoseNothingAndKeepEachThreadsOrder(long seed) throws Exception {
        LinkedBlockingQueue<SendQueue> ready = new LinkedBlockingQueue<>();
        List<String> received = new ArrayList<>();
        Connection connection = connection(
                new ConnectionTransport() {
                    @Override
                    public void wakeUp(SendQueue queue) {
                        ready.add(queue);
                    }

                    @Override
                    public void close(CloseReason reason) {}

                    @Override
                    public WireFormat format() {
                        return WireFormat.JSON_V1;
                    }

                    @Override
                    public String name() {
                        return "threaded";
                    }
                },
                1_000_000,
                1L << 30);
        int senders = 3;
        int each = 30_000;
        ExecutorService threads = Executors.newFixedThreadPool(senders + 1);
        try {
            Future<?> drain = threads.submit(() -> {
                while (received.size() < senders * each) {
                    SendQueue queue = ready.poll(10, TimeUnit.SECONDS);
                    assertThat(queue)
                            .as("a wake-up was missed at %s", received.size())
                            .isNotNull();
                    for (List<Frame> batch = queue.poll(500); batch != null; batch = queue.poll(500)) {
                        batch.forEach(frame -> received.add(frame.text()));
                        queue.written();
                    }
                }
                return null;
            });
            List<Future<?>> sending = new ArrayList<>();
            for (int s = 0; s < senders; s++) {
                String name = "s" + s + "-";
                sending.add(threads.submit(() -> {
                    for (int i = 0; i < each; i++) {
                        connection.send(frame(name + i, DeliveryClass.RECOVERABLE, null));
                    }
                }));
            }
            for (Future<?> future : sending) {
                future.get(60, TimeUnit.SECONDS);
            }
            drain.get(60, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
        for (int s = 0; s < senders; s++) {
            String name = "s" + s + "-";
            List<Integer> numbers = received.stream()
                    .filter(text -> text.startsWith(name))
                    .map(text -> Integer.valueOf(text.substring(name.length())))
                    .toList();
            assertThat(numbers).as("seed %s", seed).hasSize(each).isSorted();
        }
        assertThat(connection.queue().inconsistencies()).isEmpty();
    }

    private static Connection connection(ConnectionTransport transport, int maxMessages, long maxBytes) {
        return new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                transport,
                new QueueLimits(
                        maxBytes,
                        maxMessages,
                        Duration.ofHours(1),
                        Duration.ofHours(1),
                        1 << 20,
                        OverflowPolicy.DROP_NEWEST),
                new TestFrames(),
                ReplaySource.none(),
                ConnectionListener.none(),
                Ticker.SYSTEM);
    }

    private static Frame frame(String data, DeliveryClass delivery, @Nullable String coalesceKey) {
        return Frame.event(
                TestFrames.bytes(data),
                new Event(
                        EventId.next(0),
                        RoutingKey.room("r0"),
                        "test.event",
                        Payload.ofJson(data),
                        delivery,
                        Instant.EPOCH,
                        null,
                        Set.of(),
                        coalesceKey));
    }

    private static DeliveryClass standard(OverflowPolicy overflow) {
        return new DeliveryClass(
                Delivery.STANDARD,
                PublishOrder.LOCAL_FIRST,
                OnNotWritable.LOCAL_ONLY,
                OnNotReadable.DELIVER_LOCALLY,
                overflow,
                false,
                true,
                Duration.ofSeconds(2));
    }
}
