package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.MembershipCutoff;
import io.github.realtimespring.fanout.Publication;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Publishes through {@link io.github.realtimespring.fanout.FanoutService} to members whose transports write to nobody.
 * Time is the time of the run, with the publisher on one thread and the passes on another.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class FanoutBenchmark {

    /** Deliveries of one invocation: 100 publishes to 100 members, or one to 10,000. */
    static final int DELIVERIES = 10_000;

    static final int ROOM_SIZE = 100;

    private static final Payload PAYLOAD = Payload.ofJson("\"" + "x".repeat(198) + "\"");

    static Event event(RoutingKey key) {
        return Event.of(key, "test.event", PAYLOAD, DeliveryClass.STANDARD);
    }

    static FanoutSettings settings(int chunk) {
        FanoutSettings defaults = FanoutSettings.DEFAULTS;
        return new FanoutSettings(
                chunk,
                Duration.ofMillis(5),
                1,
                MembershipCutoff.RECHECK,
                defaults.maxPending(),
                defaults.maxPendingPerKey(),
                defaults.maxPendingBytes(),
                defaults.tenantWeight());
    }

    /** One room. */
    @State(Scope.Benchmark)
    public static class OneRoom {

        @Param({"100", "1000", "10000"})
        public int members;

        private final Engine engine = new Engine(settings(500));
        private final RoutingKey key = RoutingKey.room("room");

        @Setup
        public void join() {
            for (int i = 0; i < this.members; i++) {
                this.engine.join(this.engine.connect(new StubTransport()), this.key);
            }
        }

        @TearDown
        public void close() {
            this.engine.close();
        }
    }

    /** Rooms of 100 members among 1,000 connections. */
    @State(Scope.Benchmark)
    public static class ManyRooms {

        private static final int CONNECTIONS = 1_000;

        @Param({"1", "100", "1000"})
        public int rooms;

        private final Engine engine = new Engine(settings(500));
        private RoutingKey[] keys = new RoutingKey[0];
        private int next;

        @Setup
        public void join() {
            Connection[] connections = new Connection[CONNECTIONS];
            for (int i = 0; i < CONNECTIONS; i++) {
                connections[i] = this.engine.connect(new StubTransport());
            }
            this.keys = new RoutingKey[this.rooms];
            for (int room = 0; room < this.rooms; room++) {
                this.keys[room] = RoutingKey.room("room:" + room);
                for (int i = 0; i < ROOM_SIZE; i++) {
                    this.engine.join(connections[(room * 37 + i * 7) % CONNECTIONS], this.keys[room]);
                }
            }
        }

        RoutingKey nextKey() {
            this.next = (this.next + 1) % this.keys.length;
            return this.keys[this.next];
        }

        @TearDown
        public void close() {
            this.engine.close();
        }
    }

    /** A room of 1,000 members in turns of a given size. */
    @State(Scope.Benchmark)
    public static class Turns {

        @Param({"1", "500"})
        public int chunk;

        private @Nullable Engine engine;
        private final RoutingKey key = RoutingKey.room("room");

        @Setup
        public void join() {
            Engine engine = new Engine(settings(this.chunk));
            for (int i = 0; i < 1_000; i++) {
                engine.join(engine.connect(new StubTransport()), this.key);
            }
            this.engine = engine;
        }

        Engine engine() {
            return Objects.requireNonNull(this.engine);
        }

        @TearDown
        public void close() {
            engine().close();
        }
    }

    /** A room of one member. */
    @State(Scope.Benchmark)
    public static class SingleMember {

        private final Engine engine = new Engine(settings(500));
        private final RoutingKey key = RoutingKey.room("room");

        @Setup
        public void join() {
            this.engine.join(this.engine.connect(new StubTransport()), this.key);
        }

        @TearDown
        public void close() {
            this.engine.close();
        }
    }

    /** One delivery, by members of the room. */
    @Benchmark
    @OperationsPerInvocation(DELIVERIES)
    public Object deliveryByMembers(OneRoom state) {
        Publication last = state.engine.fanout.publish(event(state.key));
        for (int done = state.members; done < DELIVERIES; done += state.members) {
            last = state.engine.fanout.publish(event(state.key));
        }
        return last.receipt().toCompletableFuture().join();
    }

    /** One delivery, by the number of rooms that are published to in turn. */
    @Benchmark
    @OperationsPerInvocation(DELIVERIES)
    public int deliveryByRooms(ManyRooms state) {
        Publication[] publications = new Publication[DELIVERIES / ROOM_SIZE];
        for (int i = 0; i < publications.length; i++) {
            publications[i] = state.engine.fanout.publish(event(state.nextKey()));
        }
        int delivered = 0;
        for (Publication publication : publications) {
            delivered +=
                    publication.receipt().toCompletableFuture().join().local().accepted();
        }
        return delivered;
    }

    /** A pass over 1,000 members; the difference between the two turn sizes is 998 hand-overs. */
    @Benchmark
    public Object passByTurnSize(Turns state) {
        return state.engine()
                .fanout
                .publish(event(state.key))
                .receipt()
                .toCompletableFuture()
                .join();
    }

    /** A publish to a room of one member, until its receipt: one way to the fanout's thread and back. */
    @Benchmark
    public Object publishToSingleMember(SingleMember state) {
        return state.engine
                .fanout
                .publish(event(state.key))
                .receipt()
                .toCompletableFuture()
                .join();
    }
}
