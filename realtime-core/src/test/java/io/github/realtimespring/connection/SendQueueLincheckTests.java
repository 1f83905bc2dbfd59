package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.testing.Scenario;
import io.github.realtimespring.testing.TestFrames;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every operation of the queue is atomic, and so is the question who wakes the transport: an operation's result tells
 * what its caller was told, the wake-up included. The transport's side, and joins of one room, come from one thread at
 * a time, as their contracts say.
 */
@Param(name = "event", gen = IntGen.class, conf = "0:2")
public class SendQueueLincheckTests {

    private static final RoutingKey ROOM = RoutingKey.room("r");
    private static final Frame[] EVENTS = {event("e0", null), event("e1", null), event("e2", null)};
    private static final Frame CURSOR = event("c", "ann");
    private static final Frame[] STREAM = {recorded(1), recorded(2), recorded(3)};
    private static final Frame ANSWER = Frame.direct(TestFrames.bytes("answer"));

    private final Effects effects = new Effects();
    private final SendQueue queue = new SendQueue(
            new QueueLimits(1_000, 2, Duration.ofHours(1), Duration.ofHours(1), 1_000, OverflowPolicy.DROP_NEWEST),
            new TestFrames(),
            () -> 0,
            this.effects);
    private int published;

    @Operation
    public String offer(@Param(name = "event") int event) {
        return this.effects.of(() -> this.queue.offer(EVENTS[event]).toString());
    }

    @Operation
    public String offerCursor() {
        return this.effects.of(() -> this.queue.offer(CURSOR).toString());
    }

    /** The fanout delivers a room's stream in order, one pass at a time: in scenarios of its own only. */
    public String offerRecorded() {
        int next = this.published;
        if (next == STREAM.length) {
            return "over";
        }
        this.published = next + 1;
        return this.effects.of(() -> this.queue.offer(STREAM[next]).toString());
    }

    /** The history answers the question that is open with all that was published: in scenarios of its own only. */
    public String replay() {
        Pull pull = this.effects.asked.getAndSet(null);
        if (pull == null) {
            return "nothing asked";
        }
        int after = (int) pull.after().offset();
        List<Frame> frames = Arrays.asList(STREAM).subList(after, Math.max(after, this.published));
        return this.effects.of(() -> {
            pull.replayed(frames, new Cursor("epoch", Math.max(after, this.published)));
            return frames.size() + " replayed";
        });
    }

    @Operation
    public String answer() {
        return this.effects.of(() -> this.queue.offer(ANSWER).toString());
    }

    @Operation
    public String gap() {
        return this.effects.of(() -> {
            this.queue.gap(ROOM, GapReason.BACKPLANE);
            return "";
        });
    }

    @Operation(nonParallelGroup = "join")
    public void hold() {
        this.queue.hold(ROOM);
    }

    @Operation(nonParallelGroup = "join")
    public String release() {
        return this.effects.of(() -> {
            this.queue.release(ROOM, ANSWER, null);
            return "";
        });
    }

    @Operation(nonParallelGroup = "join")
    public void discard() {
        this.queue.discard(ROOM);
    }

    @Operation(nonParallelGroup = "transport")
    public String drain() {
        return this.effects.of(() -> {
            List<Frame> batch = this.queue.poll(4);
            if (batch == null) {
                return "nothing";
            }
            this.queue.written();
            return batch.stream().map(Frame::text).toList().toString();
        });
    }

    @Operation
    public String finish() {
        return String.valueOf(this.queue.finish());
    }

    @Operation
    public int size() {
        return this.queue.size();
    }

    @Validate
    public void theInvariantsHold() {
        List<String> inconsistencies = this.queue.inconsistencies();
        if (!inconsistencies.isEmpty()) {
            throw new IllegalStateException(inconsistencies.toString());
        }
    }

    @Test
    void everyInterleavingOfTwoThreadsIsASequentialOne() {
        modelChecking(5, 100);
    }

    @Test
    @Tag("soak")
    void manyInterleavingsOfTwoThreadsAreSequentialOnes() {
        modelChecking(60, 500);
    }

    @Test
    @Tag("soak")
    void aStormOfThreeThreadsIsASequentialOne() {
        new StressOptions()
                .iterations(30)
                .invocationsPerIteration(1_000)
                .actorsBefore(2)
                .threads(3)
                .actorsPerThread(3)
                .actorsAfter(1)
                .check(SendQueueLincheckTests.class);
    }

    private static void modelChecking(int scenarios, int interleavings) {
        new ModelCheckingOptions()
                // Two senders find the transport asleep.
                .addCustomScenario(Scenario.of(
                        SendQueueLincheckTests.class, List.of(), List.of("offer 0", "drain"), List.of("offer 1")))
                // A room catches up while its next event comes.
                .addCustomScenario(Scenario.of(
                        SendQueueLincheckTests.class,
                        List.of("offer 0", "offer 1", "offerRecorded"),
                        List.of("drain", "drain"),
                        List.of("offerRecorded", "replay")))
                // The drain ends while somebody sends.
                .addCustomScenario(Scenario.of(
                        SendQueueLincheckTests.class,
                        List.of("offer 0"),
                        List.of("drain", "drain", "drain"),
                        List.of("offer 1", "gap")))
                .iterations(scenarios)
                .invocationsPerIteration(interleavings)
                .actorsBefore(2)
                .threads(2)
                .actorsPerThread(3)
                .actorsAfter(1)
                // Maps, keys and frames are not what is checked here: no interleavings inside them. A pull calls the
                // queue: were it atomic, it would not be seen to wait for the queue's monitor.
                .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(name ->
                                !name.startsWith(SendQueue.class.getName()) && !name.equals(Pull.class.getName()))
                        .allMethods()
                        .treatAsAtomic())
                .check(SendQueueLincheckTests.class);
    }

    private static Frame event(String data, @Nullable String coalesceKey) {
        return Frame.event(
                TestFrames.bytes(data),
                new Event(
                        data,
                        ROOM,
                        "test.event",
                        Payload.ofJson(data),
                        coalesceKey == null ? DeliveryClass.STANDARD : DeliveryClass.EPHEMERAL,
                        Instant.EPOCH,
                        null,
                        Set.of(),
                        coalesceKey));
    }

    private static Frame recorded(int offset) {
        return Frame.event(
                TestFrames.bytes("r" + offset),
                Event.of(ROOM, "test.event", Payload.ofJson("r"), DeliveryClass.RECOVERABLE)
                        .withCursor(new Cursor("epoch", offset)));
    }

    /** What the owner is told is told on the caller's thread, before its operation returns. */
    private static final class Effects implements SendQueue.Owner {

        private final ConcurrentHashMap<Thread, String> told = new ConcurrentHashMap<>();
        private final AtomicReference<@Nullable Pull> asked = new AtomicReference<>();

        private interface Step {
            String run();
        }

        String of(Step step) {
            String result = step.run();
            String effects = this.told.remove(Thread.currentThread());
            return effects == null ? result : result + effects;
        }

        private void tell(String what) {
            this.told.merge(Thread.currentThread(), what, String::concat);
        }

        @Override
        public void ready(SendQueue queue, boolean now) {
            tell(" woke");
        }

        @Override
        public void overflowed(OverflowPolicy policy, @Nullable Delivery delivery) {
            tell(" overflowed");
        }

        @Override
        public void gapDeclared(GapReason reason) {
            tell(" declared");
        }

        @Override
        public void tooSlow() {
            tell(" closed");
        }

        @Override
        public void drained() {
            tell(" drained");
        }

        @Override
        public void wants(Pull pull) {
            this.asked.set(pull);
            tell(" asked");
        }

        @Override
        public void flushed(int frames, long bytes, long waitedNanos) {}
    }
}
