package io.github.realtimespring.test.backplane;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.ControlFrames;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.RoomService;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The engine of one node of a cluster in this process, on a backplane that the test delivers. */
final class ClusterNode implements AutoCloseable {

    static final BackplaneSettings SETTINGS = BackplaneSettings.DEFAULTS;

    final String name;
    final String origin;
    final FaultyBackplane cluster;
    final Counts counts = new Counts();
    final RoomRegistry rooms = new RoomRegistry();
    final ConnectionRegistry connections = new ConnectionRegistry(this.rooms, Integer.MAX_VALUE, Integer.MAX_VALUE);
    final BrokerBackplane backplane;
    final LocalFanout local;
    final FanoutService fanout;
    final RoomService roomService;
    final Replayer replayer;

    ClusterNode(FaultyBackplane cluster, String name) {
        this(cluster, name, SubscriptionMode.LAZY);
    }

    ClusterNode(FaultyBackplane cluster, String name, SubscriptionMode mode) {
        this(cluster, name, mode, DeliveryClass::of, SETTINGS, FanoutSettings.DEFAULTS, null);
    }

    ClusterNode(FaultyBackplane cluster, String name, Function<Delivery, DeliveryClass> classes) {
        this(cluster, name, SubscriptionMode.LAZY, classes, SETTINGS, FanoutSettings.DEFAULTS, null);
    }

    ClusterNode(
            FaultyBackplane cluster,
            String name,
            BackplaneSettings settings,
            FanoutSettings fanoutSettings,
            byte @Nullable [] secret) {
        this(cluster, name, SubscriptionMode.LAZY, DeliveryClass::of, settings, fanoutSettings, secret);
    }

    private ClusterNode(
            FaultyBackplane cluster,
            String name,
            SubscriptionMode mode,
            Function<Delivery, DeliveryClass> classes,
            BackplaneSettings settings,
            FanoutSettings fanoutSettings,
            byte @Nullable [] secret) {
        this.name = name;
        this.cluster = cluster;
        this.origin = name + "-" + EventId.next(0);
        this.backplane = BrokerBackplane.manual(
                cluster.broker(name, mode),
                this.origin,
                name,
                new BrokerBackplane.Application("test", secret, classes, json -> json.length < 1000),
                settings,
                this.counts,
                cluster.ticker());
        Texts texts = new Texts();
        this.local = new LocalFanout(this.rooms, texts, null, fanoutSettings, FanoutListener.none(), Ticker.SYSTEM);
        this.fanout = new FanoutService(
                this.origin,
                this.local,
                this.backplane,
                this.backplane.history(),
                this.connections,
                key -> null,
                FanoutListener.none(),
                10_000,
                Duration.ofMinutes(2),
                cluster.ticker());
        this.roomService = new RoomService(this.rooms, this.connections, this.backplane, this.backplane.history(), 256);
        this.replayer = new Replayer(this.backplane.history(), this.rooms, texts, null, Runnable::run);
        this.fanout.start();
        cluster.deliver();
    }

    /** A client of this node, in no room. */
    Client connect() {
        return new Client();
    }

    /** A client that is in a room. */
    Client join(RoutingKey key) {
        Client client = connect();
        client.join(key, null);
        return client;
    }

    Publication begin(RoutingKey key, String data, DeliveryClass delivery) {
        return begin(Event.of(key, "test.event", Payload.ofJson(data), delivery));
    }

    Publication begin(Event event) {
        return this.fanout.publish(event);
    }

    /** Publishes and lets it arrive everywhere. */
    PublishReceipt publish(RoutingKey key, String data, DeliveryClass delivery) {
        return publish(Event.of(key, "test.event", Payload.ofJson(data), delivery));
    }

    PublishReceipt publish(Event event) {
        Publication publication = begin(event);
        this.cluster.deliver();
        PublishReceipt receipt = get(publication.receipt());
        this.cluster.deliver();
        return receipt;
    }

    /** One second of this node. */
    void tick() {
        this.backplane.tick();
        this.cluster.deliver();
    }

    /** Waits until what was taken for delivery has been delivered. */
    void settle() {
        await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> this.fanout.pending() == 0);
    }

    static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        this.backplane.close();
        this.local.close();
        this.replayer.close();
    }

    /** What the meters would say. */
    static final class Counts implements BackplaneObserver {

        private final Map<Received, Long> received = new EnumMap<>(Received.class);
        private final AtomicLong lost = new AtomicLong();
        private final AtomicLong unknownLosses = new AtomicLong();
        private final AtomicLong caughtUp = new AtomicLong();
        final List<BackplaneStatus> changes = new CopyOnWriteArrayList<>();

        @Override
        public synchronized void received(Received result) {
            this.received.merge(result, 1L, Long::sum);
        }

        synchronized long of(Received result) {
            return this.received.getOrDefault(result, 0L);
        }

        @Override
        public void lost(RoutingKey key, long events) {
            if (events < 0) {
                this.unknownLosses.incrementAndGet();
            } else {
                this.lost.addAndGet(events);
            }
        }

        @Override
        public void caughtUp(RoutingKey key, long events) {
            this.caughtUp.addAndGet(events);
        }

        @Override
        public void statusChanged(BackplaneStatus status) {
            this.changes.add(status);
        }

        long lost() {
            return this.lost.get();
        }

        long unknownLosses() {
            return this.unknownLosses.get();
        }

        long caughtUp() {
            return this.caughtUp.get();
        }
    }

    /** A client that reads at once. */
    final class Client implements ConnectionTransport {

        private final List<String> received = new CopyOnWriteArrayList<>();
        private final List<CloseReason> closes = new CopyOnWriteArrayList<>();
        final Connection connection = new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                this,
                QueueLimits.DEFAULTS,
                new Texts(),
                ClusterNode.this.replayer,
                ClusterNode.this.roomService,
                Ticker.SYSTEM);

        Client() {
            ClusterNode.this.connections.admit(this.connection, DuplicatePolicy.ALLOW);
        }

        /** Joins, with a position or without. */
        RoomService.Join join(RoutingKey key, @Nullable Cursor since) {
            CompletionStage<RoomService.Join> joining = begin(key, since);
            ClusterNode.this.cluster.deliver();
            RoomService.Join join = get(joining);
            ClusterNode.this.roomService.completeJoin(this.connection, key, join, Frame.direct(bytes("joined")), null);
            return join;
        }

        CompletionStage<RoomService.Join> begin(RoutingKey key, @Nullable Cursor since) {
            return since == null
                    ? ClusterNode.this.roomService.join(this.connection, key, Integer.MAX_VALUE)
                    : ClusterNode.this.roomService.resume(this.connection, key, Integer.MAX_VALUE, Optional.of(since));
        }

        void leave(RoutingKey key) {
            ClusterNode.this.roomService.leave(this.connection, key, LeaveReason.CLIENT);
        }

        /** What came after {@code joined}, when nothing is on its way any more. */
        List<String> received() {
            settle();
            return this.received.stream().filter(text -> !text.equals("joined")).toList();
        }

        List<CloseReason> closes() {
            return this.closes;
        }

        @Override
        public void wakeUp(SendQueue queue) {
            for (List<Frame> batch = queue.poll(64 << 10); batch != null; batch = queue.poll(64 << 10)) {
                batch.forEach(frame -> this.received.add(frame.text()));
                queue.written();
            }
        }

        @Override
        public void close(CloseReason reason) {
            this.closes.add(reason);
        }

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "test";
        }

        @Override
        public Heartbeat heartbeat() {
            return Heartbeat.ANSWERED;
        }
    }

    /** An event is its payload and its offset, a gap is {@code gap}. */
    private static final class Texts implements ControlFrames, EventEncoder {

        @Override
        public Frame ping() {
            return Frame.ping(bytes("ping"));
        }

        @Override
        public Frame gap(RoutingKey key, GapReason reason) {
            return Frame.gap(bytes("gap:" + reason.wireName()), key);
        }

        @Override
        public byte[] encode(Event event, WireFormat format) {
            String data = new String(event.payload().bytes(), StandardCharsets.UTF_8);
            return bytes(
                    event.cursor() == null ? data : data + "@" + event.cursor().offset());
        }

        @Override
        public Payload payload(Object data) {
            return Payload.ofJson(data.toString());
        }

        @Override
        public Object data(Payload payload) {
            return new String(payload.bytes(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
