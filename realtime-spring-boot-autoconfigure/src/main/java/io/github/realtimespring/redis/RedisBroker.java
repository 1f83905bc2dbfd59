package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BeaconCopies;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The broker on Redis 6.2 or later and Valkey, a single server or one that Sentinel watches, and on a cluster of them since
 * 7.0 (SPEC §6, docs/decisions/0017, 0019): PUBLISH and SUBSCRIBE for what is sent, on a cluster those of shards, one script
 * for what a stream is given.
 *
 * <p>It has one connection for commands and one for channels to each master, whatever the number of keys, all its own, to
 * the servers of the application's {@link LettuceConnectionFactory} and with its credentials, TLS and event loops. A server
 * that cannot be reached keeps nothing from starting: the broker goes on trying, and refuses what it is asked meanwhile.
 *
 * <p>{@link #announce} is expected once in a while; connections that only look open are found by what becomes of beacons.
 *
 * <p>Thread-safe. No method waits, and every stage completes within the publish timeout, on a thread of Lettuce.
 *
 * @since 0.1.0
 */
public final class RedisBroker implements Broker {

    /** To each master, with commands that wait for their answers. */
    private static final int CONNECTIONS = 2;

    private final RedisSettings settings;
    private final RedisServers servers;
    /** Whether the connections end with this broker. */
    private final boolean owner;

    private final Names names;
    private final Commands commands;
    private final Streams streams;
    private final Sights sights = new Sights();
    private final Channels channels;
    private final BeaconCopies copies = new BeaconCopies();
    private final Map<Master, Node> nodes = new ConcurrentHashMap<>();
    private final long node = ThreadLocalRandom.current().nextLong();
    private final AtomicLong beacons = new AtomicLong();
    /** Held while beacons of one node are handed on in their order. */
    private final Object announcing = new Object();

    private volatile @Nullable Listener listener;

    /** @param application the connections of the application; only its configuration is used */
    public RedisBroker(LettuceConnectionFactory application, RedisSettings settings) {
        this(new RedisServers(application, settings.publishTimeout(), settings.maxUnanswered()), settings, true);
    }

    /** @param servers connections that others may use, too; they are started here and closed by their owner */
    public RedisBroker(RedisServers servers, RedisSettings settings) {
        this(servers, settings, false);
    }

    private RedisBroker(RedisServers servers, RedisSettings settings, boolean owner) {
        this.settings = settings;
        this.servers = servers;
        this.owner = owner;
        this.commands = servers.commands();
        this.channels = new Channels(
                settings.application(),
                settings.mode(),
                RedisSettings.BUCKETS,
                this.sights,
                this::ear,
                new Subscribed());
        this.names = this.channels.names();
        this.streams = new Streams(this.names, settings, this.commands);
    }

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public SubscriptionMode mode() {
        return this.settings.mode();
    }

    @Override
    public void start(Listener listener) {
        this.listener = listener;
        this.channels.start(listener);
        this.servers.listen(new Masters());
        this.servers.start();
    }

    private @Nullable Ear ear(byte[] channel) {
        Node node = this.nodes.get(this.commands.at(channel));
        return node == null ? null : node.ear;
    }

    @Override
    public CompletionStage<Void> send(RoutingKey key, byte[] envelope) {
        byte[] channel = Names.bytes(this.names.channel(key));
        Node node = this.nodes.get(this.commands.at(channel));
        return node == null
                ? nobody()
                : node.publisher.publish(this.settings.publish(), channel, join(this.channels.front(key), envelope));
    }

    private static CompletionStage<Void> nobody() {
        return CompletableFuture.failedFuture(new NotSentException("no master is there to send it through"));
    }

    private static byte[] join(byte[] front, byte[] rest) {
        if (front.length == 0) {
            return rest;
        }
        byte[] all = Arrays.copyOf(front, front.length + rest.length);
        System.arraycopy(rest, 0, all, front.length, rest.length);
        return all;
    }

    @Override
    public CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope) {
        return this.streams
                .append(key, eventId, envelope, this.sights.cursor(key), this.channels.front(key))
                .thenApply(place -> {
                    if (place.added()) {
                        this.sights.recorded(key, place.cursor(), envelope);
                    }
                    return place.cursor();
                });
    }

    /** Waits for replicas, if any are to have it. */
    @Override
    public CompletionStage<Cursor> appendSafely(RoutingKey key, String eventId, byte[] envelope) {
        CompletionStage<Cursor> appended = append(key, eventId, envelope);
        if (this.settings.criticalReplicas() == 0) {
            return appended;
        }
        long began = System.nanoTime();
        return appended.thenCompose(cursor -> {
            long left = this.settings.publishTimeout().toNanos() - (System.nanoTime() - began);
            byte[] name = this.names.safe(key);
            Node node = this.nodes.get(this.commands.at(name));
            Confirmations confirmations = node == null ? null : node.confirmations;
            return confirmations == null
                    ? CompletableFuture.failedFuture(new IllegalStateException("the master is not there any more"))
                    : confirmations
                            .confirm(name, TimeUnit.NANOSECONDS.toMillis(left))
                            .thenApply(confirmed -> cursor);
        });
    }

    /** Through every master; on a cluster what comes back through all of them was announced. */
    @Override
    public CompletionStage<Void> announce(byte[] beacon) {
        List<Master> masters = this.servers.masters();
        if (masters.isEmpty() || !this.servers.areWhole()) {
            return CompletableFuture.failedFuture(
                    new NotSentException("the cluster cannot be reached, or not every slot has a master"));
        }
        byte[] message = beacon;
        if (this.servers.isCluster()) {
            List<String> through = masters.stream().map(Master::id).toList();
            message = BeaconCopy.of(this.node, this.beacons.incrementAndGet(), through, beacon);
        }
        List<CompletableFuture<Void>> copies = new ArrayList<>(masters.size());
        for (Master master : masters) {
            Node node = this.nodes.get(master);
            CompletionStage<Void> copy = node == null
                    ? nobody()
                    : node.publisher.announce(Names.bytes(this.names.beacons(master.id())), message);
            copies.add(copy.toCompletableFuture());
        }
        return CompletableFuture.allOf(copies.toArray(CompletableFuture[]::new));
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        return within(this.channels.subscribe(key));
    }

    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        return within(this.channels.unsubscribe(key));
    }

    private CompletionStage<Void> within(CompletionStage<Void> stage) {
        CompletableFuture<Void> future = stage.toCompletableFuture();
        return future.isDone()
                ? future
                : future.copy().orTimeout(this.settings.publishTimeout().toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return this.streams.head(key);
    }

    @Override
    public CompletionStage<Slice> read(RoutingKey key, Cursor after, int limit) {
        return this.streams.read(key, after, limit);
    }

    @Override
    public CompletionStage<Long> size(RoutingKey key) {
        return this.streams.size(key);
    }

    /** Commands that have no answer yet. */
    @Override
    public int unanswered() {
        return this.servers.unanswered()
                + this.nodes.values().stream()
                        .mapToInt(node -> node.ear.unanswered())
                        .sum();
    }

    /** How many masters there are: one, or those of the cluster that have slots, as far as is known. */
    public int masters() {
        return this.servers.masters().size();
    }

    @Override
    public int maxUnanswered() {
        return CONNECTIONS * this.settings.maxUnanswered() * Math.max(1, masters());
    }

    @Override
    public void close() {
        this.listener = null;
        this.channels.close();
        this.nodes.values().forEach(Node::close);
        if (this.owner) {
            this.servers.close();
        }
    }

    /** What this broker has of one master. */
    private final class Node {

        private final Ear ear;
        private final Publisher publisher;
        private final Recovery recovery;
        private final @Nullable Confirmations confirmations;

        Node(Master master) {
            RedisSettings settings = RedisBroker.this.settings;
            this.ear = new Ear(
                    master,
                    RedisBroker.this.names.beacons(master.id()),
                    settings.sharded(),
                    RedisBroker.this.channels,
                    settings.publishTimeout(),
                    settings.maxUnanswered());
            this.publisher = new Publisher(master, this.ear);
            this.recovery = new Recovery(
                    RedisBroker.this.streams,
                    () -> RedisBroker.this.sights.all(
                            key -> RedisBroker.this.commands.at(RedisBroker.this.names.position(key)) == master),
                    RedisBroker.this::reconnected,
                    RedisBroker.this::connected);
            this.confirmations = settings.criticalReplicas() == 0
                    ? null
                    : new Confirmations(master, settings.criticalReplicas(), settings.publishTimeout());
        }

        void start() {
            this.ear.start();
            if (this.confirmations != null) {
                this.confirmations.start();
            }
        }

        void close() {
            this.recovery.close();
            this.ear.close();
            if (this.confirmations != null) {
                this.confirmations.close();
            }
        }
    }

    private void reconnected() {
        Listener listener = this.listener;
        if (listener != null) {
            listener.reconnected();
        }
    }

    private void connected() {
        Listener listener = this.listener;
        if (listener != null) {
            listener.connected();
        }
    }

    /** What the coming and going of masters means. */
    private final class Masters implements Cluster.Listener {

        @Override
        public void added(Master master) {
            Node node = new Node(master);
            if (RedisBroker.this.listener != null && RedisBroker.this.nodes.putIfAbsent(master, node) == null) {
                node.start();
            }
        }

        @Override
        public void removed(Master master) {
            Node node = RedisBroker.this.nodes.remove(master);
            if (node != null) {
                node.close();
            }
        }

        @Override
        public void looked() {
            RedisBroker.this.channels.place();
        }

        @Override
        public void up(Master master) {
            Node node = RedisBroker.this.nodes.get(master);
            if (node != null) {
                node.recovery.commandsUp();
            }
        }

        @Override
        public void down(Master master) {
            Node node = RedisBroker.this.nodes.get(master);
            if (node != null) {
                node.recovery.commandsDown();
            }
        }

        @Override
        public void notHere(Master master) {}
    }

    /** What subscriptions mean for the rest. */
    private final class Subscribed implements Channels.Owner {

        private void with(Ear ear, Consumer<Recovery> action) {
            Node node = RedisBroker.this.nodes.get(ear.master());
            if (node != null) {
                action.accept(node.recovery);
            }
        }

        @Override
        public void up(Ear ear) {
            with(ear, Recovery::channelsUp);
        }

        @Override
        public void down(Ear ear) {
            with(ear, Recovery::channelsDown);
            RedisBroker.this.servers.lookSoon();
        }

        @Override
        public void missed(Ear ear) {
            with(ear, Recovery::missed);
        }

        @Override
        public void moved() {
            RedisBroker.this.servers.lookSoon();
        }

        @Override
        public void beacon(Ear ear, byte[] beacon) {
            Listener listener = RedisBroker.this.listener;
            if (listener == null) {
                return;
            }
            if (!RedisBroker.this.servers.isCluster()) {
                listener.announced(beacon);
                return;
            }
            BeaconCopy copy = BeaconCopy.read(beacon);
            if (copy == null) {
                listener.refused(Received.MALFORMED);
                return;
            }
            Set<Integer> masters = RedisBroker.this.servers.masters().stream()
                    .map(master -> BeaconCopy.mark(master.id()))
                    .collect(Collectors.toSet());
            int way = BeaconCopy.mark(ear.master().id());
            synchronized (RedisBroker.this.announcing) {
                RedisBroker.this
                        .copies
                        .arrived(way, copy.node(), copy.number(), copy.through(), copy.beacon(), masters::contains)
                        .forEach(listener::announced);
            }
        }
    }
}
