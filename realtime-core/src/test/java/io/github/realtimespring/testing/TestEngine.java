package io.github.realtimespring.testing;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.fanout.RecipientCustomizer;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.fanout.RoomPolicy;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The whole engine of one process over fake transports. */
public final class TestEngine implements AutoCloseable {

    public final RoomRegistry rooms = new RoomRegistry();
    public final ConnectionRegistry connections;
    public final TestFrames frames = new TestFrames();
    public final MemoryStreams streams;
    public final BackplaneAdapter backplane;
    public final LocalFanout local;
    public final FanoutService fanout;
    public final RoomService roomService;
    public final Replayer replayer;
    private final Ticker ticker;
    private final QueueLimits limits;

    private TestEngine(Builder builder) {
        this.ticker = builder.ticker;
        this.limits = builder.limits;
        this.connections = new ConnectionRegistry(this.rooms, builder.maxConnections, builder.maxPerUser);
        this.streams = new MemoryStreams(builder.history, builder.ticker);
        this.backplane = builder.backplane != null ? builder.backplane : new LocalBackplane(this.streams);
        this.local = new LocalFanout(
                this.rooms, this.frames, builder.customizer, builder.settings, builder.listener, builder.ticker);
        this.fanout = new FanoutService(
                "test-node",
                this.local,
                this.backplane,
                this.streams,
                this.connections,
                builder.policies,
                builder.listener,
                10_000,
                Duration.ofMinutes(2),
                builder.ticker);
        this.roomService =
                new RoomService(this.rooms, this.connections, this.backplane, this.streams, builder.recoveryLimit);
        this.replayer = new Replayer(this.streams, this.rooms, this.frames, builder.customizer, builder.replays);
        this.fanout.start();
    }

    public static Builder builder() {
        return new Builder();
    }

    public static TestEngine start() {
        return builder().start();
    }

    /** A connection of an anonymous client. */
    public Connection connect(TestTransport transport) {
        return connect(transport, Identity.ANONYMOUS);
    }

    public Connection connect(ConnectionTransport transport, Identity identity) {
        Connection connection = connection(transport, identity);
        this.connections.admit(connection, DuplicatePolicy.ALLOW);
        return connection;
    }

    /** A connection that is not admitted yet. */
    public Connection connection(ConnectionTransport transport, Identity identity) {
        return new Connection(
                ConnectionId.random(),
                identity,
                transport,
                this.limits,
                this.frames,
                this.replayer,
                this.roomService,
                this.ticker);
    }

    /** A connection that is in the room. */
    public Connection member(TestTransport transport, RoutingKey key) {
        Connection connection = connect(transport);
        join(connection, key);
        return connection;
    }

    public void join(Connection connection, RoutingKey key) {
        complete(connection, key, await(this.roomService.join(connection, key, Integer.MAX_VALUE)), null);
    }

    /** Joins with a position; {@code joined} tells the recovery and how many events follow. */
    public RoomService.Join resume(Connection connection, RoutingKey key, @Nullable Cursor since) {
        RoomService.Join join =
                await(this.roomService.resume(connection, key, Integer.MAX_VALUE, Optional.ofNullable(since)));
        complete(connection, key, join, null);
        return join;
    }

    /** The second half of a join. */
    public boolean complete(Connection connection, RoutingKey key, RoomService.Join join, @Nullable GapReason gap) {
        String joined = join.recovery() == Recovery.RECOVERED
                ? "joined:" + join.missed().size()
                : "joined";
        return this.roomService.completeJoin(connection, key, join, Frame.direct(TestFrames.bytes(joined)), gap);
    }

    /** Publishes and waits for both halves of the receipt. */
    public PublishReceipt publish(RoutingKey key, String data, DeliveryClass delivery) {
        return await(this.fanout.publish(event(key, data, delivery)).receipt());
    }

    public FanoutReceipt deliver(Event event) {
        return await(this.local.deliver(event, FanoutListener.Origin.LOCAL));
    }

    public static Event event(RoutingKey key, String data, DeliveryClass delivery) {
        return Event.of(key, "test.event", Payload.ofJson(data), delivery);
    }

    public static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        this.backplane.close();
        this.local.close();
        this.replayer.close();
    }

    /** What differs from the defaults. */
    public static final class Builder {

        private Ticker ticker = Ticker.SYSTEM;
        private QueueLimits limits = QueueLimits.DEFAULTS;
        private FanoutSettings settings = FanoutSettings.DEFAULTS;
        private FanoutListener listener = FanoutListener.none();
        private @Nullable RecipientCustomizer customizer;
        private @Nullable BackplaneAdapter backplane;
        private Function<RoutingKey, @Nullable RoomPolicy> policies = key -> null;
        private int maxConnections = Integer.MAX_VALUE;
        private int maxPerUser = Integer.MAX_VALUE;
        private HistoryLimits history = HistoryLimits.DEFAULTS;
        private int recoveryLimit = 256;
        private Executor replays = Runnable::run;

        public Builder ticker(Ticker ticker) {
            this.ticker = ticker;
            return this;
        }

        public Builder limits(QueueLimits limits) {
            this.limits = limits;
            return this;
        }

        public Builder settings(FanoutSettings settings) {
            this.settings = settings;
            return this;
        }

        public Builder listener(FanoutListener listener) {
            this.listener = listener;
            return this;
        }

        public Builder customizer(RecipientCustomizer customizer) {
            this.customizer = customizer;
            return this;
        }

        public Builder backplane(BackplaneAdapter backplane) {
            this.backplane = backplane;
            return this;
        }

        public Builder policies(Function<RoutingKey, @Nullable RoomPolicy> policies) {
            this.policies = policies;
            return this;
        }

        public Builder maxConnections(int maxConnections) {
            this.maxConnections = maxConnections;
            return this;
        }

        public Builder maxPerUser(int maxPerUser) {
            this.maxPerUser = maxPerUser;
            return this;
        }

        public Builder history(HistoryLimits history) {
            this.history = history;
            return this;
        }

        public Builder recoveryLimit(int recoveryLimit) {
            this.recoveryLimit = recoveryLimit;
            return this;
        }

        /** What reads the history for connections that are behind; whoever makes room for events unless set. */
        public Builder replays(Executor replays) {
            this.replays = replays;
            return this;
        }

        public TestEngine start() {
            return new TestEngine(this);
        }
    }
}
