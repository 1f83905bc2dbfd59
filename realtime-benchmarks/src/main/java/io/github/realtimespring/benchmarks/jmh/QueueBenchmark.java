package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.JsonFrames;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import tools.jackson.databind.json.JsonMapper;

/** What a frame costs in the queue of one connection. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class QueueBenchmark {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final JsonFrames frames = new JsonFrames(JsonMapper.shared());
    private final Frame standard = frame(DeliveryClass.STANDARD, null);
    private final Frame cursor = frame(DeliveryClass.EPHEMERAL, "ann");
    private final Connection healthy = connection(new StubTransport());
    private final Connection behind = connection(new StuckTransport());
    private final Connection full = connection(new StuckTransport());

    @Setup
    public void fill() {
        for (int i = 0; i < 100; i++) {
            this.behind.send(this.standard);
        }
        this.behind.send(this.cursor);
        for (int i = 0; i < 10_000; i++) {
            this.full.send(this.standard);
        }
        if (this.full.send(this.standard) != Outcome.DROPPED || this.behind.send(this.cursor) != Outcome.COALESCED) {
            throw new IllegalStateException("the queues are not as the figures say");
        }
    }

    /** An idle client: the frame is queued, the transport woken, polls, writes nothing, reports, polls again. */
    @Benchmark
    public Outcome offerPollWritten() {
        return this.healthy.send(this.standard);
    }

    /** A client that is behind: the newer value takes the place of the older one. */
    @Benchmark
    public Outcome coalesce() {
        return this.behind.send(this.cursor);
    }

    /** A full queue: the event is dropped and the gap declared already. */
    @Benchmark
    public Outcome refuse() {
        return this.full.send(this.standard);
    }

    private Frame frame(DeliveryClass delivery, @Nullable String coalesceKey) {
        Event event = new Event(
                "event-1",
                ROOM,
                "test.event",
                Payload.ofJson("\"" + "x".repeat(198) + "\""),
                delivery,
                Instant.EPOCH,
                null,
                Set.of(),
                coalesceKey);
        return Frame.event(this.frames.encode(event, WireFormat.JSON_V1), event);
    }

    private Connection connection(ConnectionTransport transport) {
        return new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                transport,
                QueueLimits.DEFAULTS,
                this.frames,
                ReplaySource.none(),
                ConnectionListener.none(),
                Ticker.SYSTEM);
    }

    /** Never polls. */
    private static final class StuckTransport extends StubTransport {

        @Override
        public void wakeUp(SendQueue queue) {}
    }
}
