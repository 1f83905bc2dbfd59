package io.github.realtimespring.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.ValueOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The masters of a Redis Cluster, and which of them keeps which slot. Looks every second, and soon after a master was lost
 * or has refused something that it does not keep.
 *
 * <h2>Concurrency</h2>
 *
 * One thread looks; it may wait, and nobody waits for it. What it found is read by anybody.
 */
final class Cluster implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Cluster.class);

    private static final long EVERY = 1000;
    /** While a slot has no master or a master cannot be reached. */
    private static final long WORRIED = 200;
    /** After something that says that it is not as it was. */
    private static final long SOON = 20;

    /** How long a server has to answer before the others are enough. */
    private static final Duration PATIENCE = Duration.ofMillis(500);

    /** Masters that are asked in one look. */
    private static final int ASKED = 3;

    private final ClusterConnections connections;
    private final Scripts scripts;
    private final Listener listener;
    private final Duration timeout;
    private final int maxUnanswered;
    private final ScheduledExecutorService thread;
    private final AtomicBoolean soon = new AtomicBoolean();
    /** Refuses everything; never started. */
    private final Master nobody;

    private volatile View view = new View(Map.of(), Map.of(), new Master[Topology.SLOTS]);
    private volatile List<Topology.Address> known;
    private volatile boolean closed;

    /** Is told by the thread that looks. */
    interface Listener extends Master.Listener {

        /** A master has slots; called before it can be up, and maybe more than once. */
        void added(Master master);

        /** A master has no slots any more. */
        void removed(Master master);

        /** The masters were looked at; who has which slot may be different. */
        void looked();
    }

    /** @param slots by slot; {@code null} for one that nobody has */
    private record View(
            Map<String, Master> masters,
            Map<String, Topology.Address> addresses,
            @Nullable Master[] slots) {

        boolean isWhole() {
            for (Master master : this.slots) {
                if (master == null) {
                    return false;
                }
            }
            return this.masters.values().stream().allMatch(Master::isUp);
        }
    }

    Cluster(ClusterConnections connections, Scripts scripts, Listener listener, Duration timeout, int maxUnanswered) {
        this.connections = connections;
        this.scripts = scripts;
        this.listener = listener;
        this.timeout = timeout;
        this.maxUnanswered = maxUnanswered;
        this.known = connections.seeds();
        this.nobody = master("", new Topology.Address("nowhere", 0));
        // Holds the next look, and one that is to be soon.
        this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread made = new Thread(task, "realtime-redis-cluster");
            made.setDaemon(true);
            return made;
        });
    }

    void start() {
        schedule(this::regular, 0);
    }

    List<Master> masters() {
        return List.copyOf(this.view.masters().values());
    }

    Master at(byte[] name) {
        Master master = this.view.slots()[SlotHash.getSlot(name)];
        return master == null ? this.nobody : master;
    }

    /** Whether every slot has a master, as far as is known. */
    boolean isCovered() {
        for (Master master : this.view.slots()) {
            if (master == null) {
                return false;
            }
        }
        return true;
    }

    /** Something says that masters or slots are not as they were. */
    void lookSoon() {
        if (this.soon.compareAndSet(false, true)) {
            schedule(
                    () -> {
                        this.soon.set(false);
                        look();
                    },
                    SOON);
        }
    }

    private void regular() {
        try {
            look();
        } finally {
            schedule(this::regular, this.view.isWhole() ? EVERY : WORRIED);
        }
    }

    private void schedule(Runnable look, long millis) {
        try {
            this.thread.schedule(look, millis, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ex) {
            // Closed.
        }
    }

    private void look() {
        if (this.closed) {
            return;
        }
        try {
            Topology topology = new Topology();
            if (ask(topology) && !topology.owners().isEmpty()) {
                apply(topology);
            }
            this.listener.looked();
        } catch (RuntimeException ex) {
            logger.warn("What the servers of the cluster say was not understood", ex);
        }
    }

    /** Asks some masters; without one, any server that was ever told of. */
    private boolean ask(Topology topology) {
        List<Master> up = new ArrayList<>(masters());
        up.removeIf(master -> !master.isUp());
        Collections.shuffle(up);
        Map<Master, CompletionStage<Said>> asked = new LinkedHashMap<>();
        up.stream().limit(ASKED).forEach(master -> asked.put(master, ask(master)));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        boolean any = false;
        for (Map.Entry<Master, CompletionStage<Said>> one : asked.entrySet()) {
            Topology.Address address = this.view.addresses().get(one.getKey().id());
            Said said = await(one.getValue(), deadline - System.nanoTime());
            if (said != null && address != null) {
                topology.add(address, said.nodes(), said.slots());
                any = true;
            }
        }
        return any || askAnybody(topology);
    }

    private record Said(String nodes, List<?> slots) {}

    private CompletionStage<Said> ask(Master master) {
        return master.send(CommandType.CLUSTER, new ValueOutput<>(ByteArrayCodec.INSTANCE), args("NODES"))
                .thenCombine(
                        master.send(
                                CommandType.CLUSTER, new NestedMultiOutput<>(ByteArrayCodec.INSTANCE), args("SLOTS")),
                        (nodes, slots) -> new Said(new String(nodes, StandardCharsets.UTF_8), slots));
    }

    private static CommandArgs<byte[], byte[]> args(String what) {
        return new CommandArgs<>(ByteArrayCodec.INSTANCE).add(what);
    }

    private boolean askAnybody(Topology topology) {
        List<Topology.Address> servers = new ArrayList<>(this.known);
        Collections.shuffle(servers);
        for (Topology.Address server : servers) {
            if (this.closed) {
                return false;
            }
            try (StatefulRedisConnection<byte[], byte[]> connection =
                    this.connections.to(server).openCommands()) {
                CompletionStage<String> nodes = connection.async().clusterNodes();
                CompletionStage<List<Object>> slots = connection.async().clusterSlots();
                Said said = await(nodes.thenCombine(slots, Said::new), PATIENCE.toNanos());
                if (said != null) {
                    topology.add(server, said.nodes(), said.slots());
                    return true;
                }
            } catch (RuntimeException ex) {
                logger.debug("{} does not say who the masters are", server, ex);
            }
        }
        return false;
    }

    private static <T> @Nullable T await(CompletionStage<T> stage, long nanos) {
        try {
            return stage.toCompletableFuture().get(Math.max(1, nanos), TimeUnit.NANOSECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return null;
        } catch (Exception ex) {
            logger.debug("A server does not say who the masters are", ex);
            return null;
        }
    }

    private void apply(Topology topology) {
        View before = this.view;
        Map<String, Topology.Address> addresses = topology.owners();
        Map<String, Master> masters = new LinkedHashMap<>();
        List<Master> added = new ArrayList<>();
        addresses.forEach((id, address) -> {
            Master present = before.masters().get(id);
            if (present == null || !address.equals(before.addresses().get(id))) {
                present = master(id, address);
                added.add(present);
            }
            masters.put(id, present);
        });
        Master[] slots = new Master[Topology.SLOTS];
        for (int slot = 0; slot < slots.length; slot++) {
            String owner = topology.owner(slot);
            slots[slot] = owner == null ? null : masters.get(owner);
        }
        List<Master> removed = new ArrayList<>(before.masters().values());
        removed.removeAll(masters.values());
        List<Topology.Address> known = new ArrayList<>(this.connections.seeds());
        topology.servers().stream().filter(server -> !known.contains(server)).forEach(known::add);
        this.known = known;
        this.view = new View(masters, addresses, slots);
        added.forEach(this.listener::added);
        synchronized (this) {
            if (this.closed) {
                removed.forEach(Master::close);
                return;
            }
            added.forEach(Master::start);
        }
        removed.forEach(master -> {
            this.listener.removed(master);
            master.close();
        });
        if (!added.isEmpty() || !removed.isEmpty()) {
            logger.info("The masters of the Redis Cluster are {}", addresses.values());
        }
    }

    private Master master(String id, Topology.Address address) {
        return new Master(
                id,
                "commands at " + address,
                this.connections.to(address),
                this.scripts,
                this.listener,
                this.timeout,
                this.maxUnanswered);
    }

    @Override
    public void close() {
        synchronized (this) {
            this.closed = true;
        }
        this.thread.shutdownNow();
        masters().forEach(Master::close);
        this.connections.close();
    }
}
