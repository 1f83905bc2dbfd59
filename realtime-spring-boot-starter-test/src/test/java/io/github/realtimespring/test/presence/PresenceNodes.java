package io.github.realtimespring.test.presence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceObserver;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceSettings;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.LeaveReason;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.shard.ShardSettings;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Nodes with the whole engine on one backplane and one store in memory, whose time is the test's. After every step each
 * watcher is looked at: it must never miss a user who has a connection anywhere, see a version twice or out of order, or
 * see a difference to something that it does not have.
 */
public final class PresenceNodes implements AutoCloseable {

    /** What is between the nodes, and how time passes. */
    public interface World {

        Ticker ticker();

        Broker broker(String node);

        NodeStore nodeStore(String node);

        PresenceStore presenceStore(String node);

        /** What is due arrives, where nothing does by itself. */
        void deliver();

        void passStep();

        void close();
    }

    /** The times of the nodes; a beacon and a renewal of a bucket's owner come every ten steps. */
    public record Times(Duration lease, Duration grace, Duration debounce, Duration step, ShardSettings shards) {}

    public static final RoutingKey ROOM = RoutingKey.room("project:42");
    static final Duration LEASE = Duration.ofSeconds(30);
    static final Duration GRACE = Duration.ofSeconds(15);
    static final Duration DEBOUNCE = Duration.ofMillis(500);
    private static final Times TIMES =
            new Times(LEASE, GRACE, DEBOUNCE, Duration.ofMillis(100), ShardSettings.DEFAULTS);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final World world;
    private final Times times;
    private final Map<String, Node> nodes = new TreeMap<>();
    private final List<Watcher> watchers = new ArrayList<>();
    /** Users whom no watcher may lose sight of, once it has seen them. */
    private final Set<String> connected = new TreeSet<>();

    /** On a backplane in memory. */
    PresenceNodes(FaultyBackplane cluster, String... names) {
        this(new InMemory(cluster), TIMES, names);
        pass(Duration.ofSeconds(5));
    }

    public PresenceNodes(World world, Times times, String... names) {
        this.world = world;
        this.times = times;
        for (String name : names) {
            start(name);
        }
    }

    private record InMemory(FaultyBackplane cluster) implements World {

        @Override
        public Ticker ticker() {
            return this.cluster.ticker();
        }

        @Override
        public Broker broker(String node) {
            return this.cluster.broker(node);
        }

        @Override
        public NodeStore nodeStore(String node) {
            return this.cluster.nodeStore(node);
        }

        @Override
        public PresenceStore presenceStore(String node) {
            return this.cluster.presenceStore(node);
        }

        @Override
        public void deliver() {
            this.cluster.deliver();
        }

        @Override
        public void passStep() {
            this.cluster.advance(TIMES.step());
        }

        @Override
        public void close() {}
    }

    public Node start(String name) {
        Node node = new Node(name);
        this.nodes.put(name, node);
        this.world.deliver();
        return node;
    }

    public Node node(String name) {
        return this.nodes.get(name);
    }

    /** The node that owns the room now. */
    public Node owner() {
        return this.nodes.values().stream()
                .filter(node -> node.router.ownership(node.router.bucket(ROOM)).mine())
                .findFirst()
                .orElseThrow(() -> new AssertionError("nobody owns the room"));
    }

    /** One that does not own it. */
    public Node other(Node than) {
        return this.nodes.values().stream()
                .filter(node -> node != than && node != owner())
                .findFirst()
                .orElseThrow();
    }

    /** From now on no watcher may lose sight of the user. */
    public void alwaysThere(String user) {
        this.connected.add(user);
    }

    void mayGo(String user) {
        this.connected.remove(user);
    }

    /** Whether each node that runs takes the same node for the owner of the room. */
    public boolean hasOwner() {
        return this.nodes.values().stream()
                        .filter(node -> node.running)
                        .filter(node ->
                                node.router.ownership(node.router.bucket(ROOM)).mine())
                        .count()
                == 1;
    }

    /** Whether all nodes can be joined, and the room has an owner. */
    public boolean areUp() {
        return hasOwner() && this.nodes.values().stream().allMatch(Node::isUp);
    }

    /** Time passes until something is so, and no longer than that. */
    public void passUntil(Duration most, BooleanSupplier so) {
        long end = System.nanoTime() + most.toNanos();
        while (!so.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("too late").isNegative();
            pass(this.times.step());
        }
    }

    /** Time passes for all nodes that run. */
    public void pass(Duration time) {
        for (Duration left = time; !left.isNegative() && !left.isZero(); left = left.minus(this.times.step())) {
            this.world.passStep();
            for (Node node : List.copyOf(this.nodes.values())) {
                if (node.running) {
                    node.tick();
                    this.world.deliver();
                }
            }
            this.nodes.values().forEach(Node::settle);
            this.watchers.forEach(watcher -> watcher.look(this.connected));
        }
    }

    @Override
    public void close() {
        this.nodes.values().forEach(Node::close);
        this.world.close();
    }

    static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    /** One node. */
    public final class Node implements AutoCloseable {

        final String name;
        final String origin;
        final RoomRegistry registry = new RoomRegistry();
        final ConnectionRegistry connections =
                new ConnectionRegistry(this.registry, Integer.MAX_VALUE, Integer.MAX_VALUE);
        final JsonFrames frames = new JsonFrames(JSON);
        final BrokerBackplane backplane;
        final LocalFanout local;
        final FanoutService fanout;
        final RoomService rooms;
        final Replayer replayer;
        final LeasedShardRouter router;
        final PresenceService presence;
        final AtomicInteger published = new AtomicInteger();
        final AtomicInteger resynced = new AtomicInteger();
        private long ticks;
        private boolean running = true;

        Node(String name) {
            this.name = name;
            this.origin = "origin-" + name;
            World world = PresenceNodes.this.world;
            Times times = PresenceNodes.this.times;
            Ticker ticker = world.ticker();
            this.backplane = BrokerBackplane.manual(
                    world.broker(name),
                    this.origin,
                    name,
                    new BrokerBackplane.Application("test", null, DeliveryClass::of, json -> true),
                    BackplaneSettings.DEFAULTS,
                    BackplaneObserver.none(),
                    ticker);
            this.local = new LocalFanout(
                    this.registry, this.frames, null, FanoutSettings.DEFAULTS, FanoutListener.none(), Ticker.SYSTEM);
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
                    ticker);
            this.rooms =
                    new RoomService(this.registry, this.connections, this.backplane, this.backplane.history(), 256);
            this.replayer = new Replayer(this.backplane.history(), this.registry, this.frames, null, Runnable::run);
            this.router = LeasedShardRouter.manual(this.origin, world.nodeStore(name), times.shards(), ticker);
            this.presence = new PresenceService(
                    new PresenceService.Engine(
                            this.origin,
                            this.registry,
                            this.connections,
                            this.rooms,
                            this.local,
                            this.fanout,
                            this.backplane),
                    this.router,
                    world.presenceStore(name),
                    this.frames,
                    new PresenceSettings(times.debounce(), times.grace(), times.lease(), 1000, 1024, true, true),
                    new PresenceObserver() {
                        @Override
                        public void published(io.github.realtimespring.presence.PresenceChange change) {
                            Node.this.published.incrementAndGet();
                        }

                        @Override
                        public void resynced(RoutingKey room) {
                            Node.this.resynced.incrementAndGet();
                        }
                    },
                    ticker);
            this.fanout.start();
            this.router.start();
        }

        private void deliver() {
            PresenceNodes.this.world.deliver();
        }

        private void tick() {
            this.presence.tick();
            if (this.ticks++ % 10 == 0) {
                this.backplane.tick();
                this.router.tick();
            }
        }

        private void settle() {
            await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> this.fanout.pending() == 0);
        }

        Client connect(@Nullable String user) {
            return new Client(this, user == null ? Identity.ANONYMOUS : Identity.user(user));
        }

        /** A connection of the user that is in the room. */
        public Client join(String user) {
            Client client = connect(user);
            client.join();
            return client;
        }

        /** One who watches the room from here on and is not in it. */
        public Watcher watcher() {
            Watcher watcher = new Watcher(this);
            PresenceNodes.this.watchers.add(watcher);
            return watcher;
        }

        /** Whether a room can be joined here. */
        public boolean isUp() {
            return this.backplane.status().readable() && this.backplane.status().writable();
        }

        /** Stands still: nothing of it runs, and its clock goes on. What it watched is not looked at. */
        public void pause() {
            this.running = false;
        }

        public void resume() {
            this.running = true;
        }

        /** Ends without a word, with all its clients. */
        public void kill() {
            this.running = false;
            PresenceNodes.this.nodes.remove(this.name);
            PresenceNodes.this.watchers.removeIf(watcher -> watcher.client.node == this);
            close();
        }

        @Override
        public void close() {
            this.backplane.close();
            this.local.close();
            this.replayer.close();
        }
    }

    /** A client that reads at once. */
    public static final class Client implements ConnectionTransport {

        final Node node;
        final Connection connection;
        final List<String> received = new CopyOnWriteArrayList<>();

        Client(Node node, Identity identity) {
            this.node = node;
            this.connection = new Connection(
                    ConnectionId.random(),
                    identity,
                    this,
                    QueueLimits.DEFAULTS,
                    node.frames,
                    node.replayer,
                    node.rooms,
                    Ticker.SYSTEM);
            node.connections.admit(this.connection, DuplicatePolicy.ALLOW);
            node.presence.connected(this.connection);
        }

        void join() {
            CompletionStage<RoomService.Join> joining = this.node.rooms.join(this.connection, ROOM, Integer.MAX_VALUE);
            this.node.deliver();
            this.node.rooms.completeJoin(this.connection, ROOM, get(joining), Frame.direct("{}".getBytes()), null);
        }

        public void leave() {
            this.node.rooms.leave(this.connection, ROOM, LeaveReason.CLIENT);
        }

        /** The connection breaks. */
        void lose() {
            this.connection.closed(CloseReason.ABNORMAL);
        }

        @Override
        public void wakeUp(SendQueue queue) {
            for (List<Frame> batch = queue.poll(64 << 10); batch != null; batch = queue.poll(64 << 10)) {
                batch.forEach(frame -> this.received.add(frame.text()));
                queue.written();
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
            return "test";
        }
    }

    /** One who watches the room, as a client of the protocol does. */
    public static final class Watcher {

        final Client client;
        private final Map<String, String> members = new TreeMap<>();
        private final Set<String> seen = new TreeSet<>();
        private long version;
        private int read;
        int frames;
        int snapshots;

        Watcher(Node node) {
            this.client = node.connect(null);
            CompletionStage<RoomPresence> watching = node.presence.watch(this.client.connection, ROOM);
            node.deliver();
            RoomPresence presence = get(watching);
            for (Member member : presence.members()) {
                this.members.put(member.user(), member.state().wireName());
            }
            this.version = presence.version();
            node.presence.watching(this.client.connection, ROOM);
        }

        /** Reads what came, as PROTOCOL says. */
        private void look(Set<String> connected) {
            while (this.read < this.client.received.size()) {
                take(JSON.readTree(this.client.received.get(this.read++)));
            }
            this.seen.addAll(this.members.keySet());
            for (String user : connected) {
                if (this.seen.contains(user)) {
                    assertThat(this.members.keySet())
                            .as("%s has a connection, and is seen on %s", user, this.client.node.name)
                            .contains(user);
                }
            }
        }

        private void take(JsonNode frame) {
            if (!frame.path("type").stringValue("").equals("presence")) {
                return;
            }
            this.frames++;
            assertThat(frame.has("resync")).as("%s", frame).isFalse();
            long next = frame.get("version").longValue();
            if (next <= this.version) {
                return;
            }
            boolean whole = frame.has("members");
            if (whole) {
                this.snapshots++;
                this.members.clear();
                frame.get("members").forEach(this::put);
            } else {
                assertThat(next).as("version of %s", frame).isEqualTo(this.version + 1);
                frame.path("joined").forEach(this::put);
                frame.path("changed").forEach(this::put);
                frame.path("left").forEach(user -> this.members.remove(user.stringValue()));
            }
            this.version = next;
            assertThat(frame.get("count").intValue()).as("%s", frame).isEqualTo(this.members.size());
        }

        private void put(JsonNode member) {
            this.members.put(
                    member.get("user").stringValue(), member.get("state").stringValue());
        }

        public Set<String> members() {
            return this.members.keySet();
        }

        long version() {
            return this.version;
        }
    }
}
