package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.Membership;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import tools.jackson.databind.json.JsonMapper;

/**
 * What it costs per recipient that a membership names a connection by its id (docs/decisions/0008): the pass of the
 * product beside one over objects that hold the connection.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class LookupBenchmark {

    private static final int MEMBERS = 10_000;
    private static final RoutingKey ROOM = RoutingKey.room("room");

    /** The order of the room: as the connections were made, or as it is after a day. */
    @Param({"joined", "shuffled"})
    public String order = "";

    private final Engine engine = new Engine(FanoutSettings.DEFAULTS);
    private final List<Holder> holders = new ArrayList<>();
    private final Frame frame;
    private List<Membership> members = List.of();

    /** A membership that would hold its connection. */
    private record Holder(Membership membership, Connection connection) {}

    public LookupBenchmark() {
        Event event =
                Event.of(ROOM, "test.event", Payload.ofJson("\"" + "x".repeat(198) + "\""), DeliveryClass.STANDARD);
        this.frame = Frame.event(new JsonFrames(JsonMapper.shared()).encode(event, WireFormat.JSON_V1), event);
    }

    @Setup
    public void join() {
        List<Connection> connections = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            connections.add(this.engine.connect(new StubTransport()));
        }
        if (this.order.equals("shuffled")) {
            Collections.shuffle(connections, new Random(1));
        }
        connections.forEach(connection -> this.engine.join(connection, ROOM));
        this.members = this.engine.rooms.members(ROOM);
        for (Membership membership : this.members) {
            this.holders.add(new Holder(
                    membership, Objects.requireNonNull(this.engine.connections.find(membership.connectionId()))));
        }
    }

    @TearDown
    public void close() {
        this.engine.close();
    }

    @Benchmark
    @OperationsPerInvocation(MEMBERS)
    public long byId() {
        long sum = 0;
        for (Membership member : this.members) {
            if (member.isCurrent()) {
                sum += Objects.requireNonNull(this.engine.connections.find(member.connectionId()))
                        .sequence();
            }
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(MEMBERS)
    public long byField() {
        long sum = 0;
        for (Holder holder : this.holders) {
            if (holder.membership().isCurrent()) {
                sum += holder.connection().sequence();
            }
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(MEMBERS)
    public int deliverById() {
        int sum = 0;
        for (Membership member : this.members) {
            if (member.isCurrent()) {
                sum += Objects.requireNonNull(this.engine.connections.find(member.connectionId()))
                        .send(this.frame)
                        .ordinal();
            }
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(MEMBERS)
    public int deliverByField() {
        int sum = 0;
        for (Holder holder : this.holders) {
            if (holder.membership().isCurrent()) {
                sum += holder.connection().send(this.frame).ordinal();
            }
        }
        return sum;
    }
}
