package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.scenario.ResumeModel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The model over the whole engine of one process; transports that write on threads of their own and can stand still. */
class ResumeModelTests {

    private static final QueueLimits SMALL_QUEUE =
            new QueueLimits(1 << 20, 16, Duration.ofMinutes(5), Duration.ofMinutes(5), 128 << 10, OverflowPolicy.CLOSE);

    /** Of a history that is smaller than the queue. */
    private static final int WINDOW = 12;

    @ParameterizedTest
    @ValueSource(longs = {101, 102, 103})
    void withAmpleHistoryEveryCutIsRecoveredWithoutAHole(long seed) throws Exception {
        ResumeModel.Result result = run(seed, 100_000);

        assertThat(result.cuts()).isEqualTo(500);
        assertThat(result.refused()).as("%s", result).isZero();
        assertThat(result.gaps()).as("%s", result).isZero();
        assertThat(result.replayed()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {201, 202, 203})
    void withTinyHistoryEveryHoleIsDeclared(long seed) throws Exception {
        ResumeModel.Result result = run(seed, WINDOW);

        assertThat(result.cuts()).isEqualTo(500);
        assertThat(result.refused()).as("%s", result).isPositive();
        assertThat(result.recovered()).as("%s", result).isPositive();
        assertThat(result.gaps()).as("%s", result).isPositive();
    }

    private static ResumeModel.Result run(long seed, int history) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(6);
        HistoryLimits limits = new HistoryLimits(history, 1L << 30, 10, 1L << 30, Duration.ofHours(1));
        try (ProtocolFixture fixture = new ProtocolFixture(
                settings -> ProtocolFixture.queue(settings, SMALL_QUEUE), null, null, threads, limits, history)) {
            RoutingKey room = RoutingKey.room("project:42");
            ResumeModel model = new ResumeModel(
                    (name, since, frames, closed) -> {
                        EngineLink link = new EngineLink(threads, frames, closed);
                        link.session = fixture.sessions.open(Handshake.anonymous(), link);
                        link.session.receive(join(name, since));
                        return link;
                    },
                    new Published(fixture, room),
                    room.id(),
                    new ResumeModel.Plan(seed, 20, 25, WINDOW));
            ResumeModel.Result result = model.run();
            fixture.assertConsistent();
            return result;
        } finally {
            threads.shutdownNow();
        }
    }

    private record Published(ProtocolFixture fixture, RoutingKey room) implements ResumeModel.Stream {

        @Override
        public void publish(String json) throws Exception {
            this.fixture
                    .fanout
                    .publish(Event.of(this.room, "test", Payload.ofJson(json), DeliveryClass.RECOVERABLE))
                    .receipt()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
        }

        @Override
        public long head() {
            return this.fixture
                    .streams
                    .head(this.room)
                    .toCompletableFuture()
                    .join()
                    .offset();
        }
    }

    private static String join(String room, String since) {
        return "{\"type\":\"join\",\"id\":1,\"room\":\"" + room + "\""
                + (since == null ? "" : ",\"since\":\"" + since + "\"") + "}";
    }

    /** Writes a few frames at a time on a thread of a pool. */
    private static final class EngineLink implements ConnectionTransport, ResumeModel.Link {

        private static final int BATCH = 400;

        private final Executor threads;
        private final Consumer<String> frames;
        private final Consumer<String> closed;
        private volatile ProtocolSession session;
        private boolean stalled;
        private SendQueue waiting;

        EngineLink(Executor threads, Consumer<String> frames, Consumer<String> closed) {
            this.threads = threads;
            this.frames = frames;
            this.closed = closed;
        }

        @Override
        public void wakeUp(SendQueue queue) {
            this.threads.execute(() -> drain(queue));
        }

        private void drain(SendQueue queue) {
            while (true) {
                synchronized (this) {
                    if (this.stalled) {
                        this.waiting = queue;
                        return;
                    }
                }
                List<Frame> batch = queue.poll(BATCH);
                if (batch == null) {
                    return;
                }
                batch.forEach(frame -> this.frames.accept(frame.text()));
                queue.written();
            }
        }

        @Override
        public void stall(boolean stalled) {
            SendQueue queue;
            synchronized (this) {
                this.stalled = stalled;
                queue = this.waiting;
                this.waiting = null;
            }
            if (queue != null) {
                wakeUp(queue);
            }
        }

        @Override
        public void cut() {
            this.session.closed(CloseReason.ABNORMAL);
        }

        @Override
        public void close(CloseReason reason) {
            this.closed.accept(reason.toString());
        }

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "test";
        }
    }
}
