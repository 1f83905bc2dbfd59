package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.process.FreePorts;
import io.lettuce.core.MigrateArgs;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** A Redis Cluster of processes of its own: masters with equal shares of the slots, and a replica for each, or none. */
public final class RedisCluster implements AutoCloseable {

    private static final int SLOTS = SlotHash.SLOT_COUNT;

    private final List<Member> masters = new ArrayList<>();
    private final List<Member> replicas = new ArrayList<>();

    /**
     * A server of the cluster.
     *
     * @param bus the port for others of the cluster
     */
    record Member(RedisServer server, RawRedis raw, String id, int bus) {}

    private RedisCluster() {}

    /** Starts a cluster and waits until it works. */
    public static RedisCluster start(int masters, boolean replicated, String... arguments) {
        RedisCluster cluster = new RedisCluster();
        try {
            cluster.form(masters, replicated, arguments);
            return cluster;
        } catch (RuntimeException ex) {
            cluster.close();
            throw ex;
        }
    }

    private void form(int masters, boolean replicated, String... arguments) {
        for (int i = 0; i < masters; i++) {
            this.masters.add(member(arguments));
        }
        for (int i = 0; replicated && i < masters; i++) {
            this.replicas.add(member(arguments));
        }
        Member first = this.masters.get(0);
        int epoch = 1;
        for (Member member : members().toList()) {
            // As redis-cli does: otherwise each finds out by and by that others have the same.
            member.raw().commands().clusterSetConfigEpoch(epoch++);
            if (member != first) {
                meet(member, first);
            }
        }
        for (int i = 0; i < masters; i++) {
            int from = SLOTS * i / masters;
            int to = SLOTS * (i + 1) / masters;
            int[] slots = new int[to - from];
            for (int slot = from; slot < to; slot++) {
                slots[slot - from] = slot;
            }
            this.masters.get(i).raw().commands().clusterAddSlots(slots);
        }
        long all = members().count();
        soon().until(() -> members()
                .allMatch(
                        member -> member.raw().commands().clusterNodes().lines().count() == all));
        for (int i = 0; i < this.replicas.size(); i++) {
            this.replicas
                    .get(i)
                    .raw()
                    .commands()
                    .clusterReplicate(this.masters.get(i).id());
        }
        soon().until(() -> members().allMatch(RedisCluster::works));
        soon().until(() -> this.replicas.stream()
                .allMatch(
                        replica -> replica.raw().commands().info("replication").contains("master_link_status:up")));
    }

    private static Member member(String... arguments) {
        try {
            int bus = FreePorts.next();
            List<String> all = new ArrayList<>(List.of(
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "600",
                    "--cluster-port",
                    Integer.toString(bus),
                    "--repl-diskless-sync-delay",
                    "0",
                    // A master that has given its last slot away stays one.
                    "--cluster-allow-replica-migration",
                    "no"));
            all.addAll(List.of(arguments));
            RedisServer server = RedisServer.start(all.toArray(String[]::new));
            RawRedis raw = new RawRedis(server);
            return new Member(server, raw, raw.commands().clusterMyId(), bus);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static void meet(Member one, Member other) {
        CommandArgs<byte[], byte[]> args = new CommandArgs<>(ByteArrayCodec.INSTANCE)
                .add("MEET")
                .add(other.server().host())
                .add(other.server().port())
                .add(other.bus());
        one.raw().commands().dispatch(CommandType.CLUSTER, new StatusOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    private static boolean works(Member member) {
        return member.raw().commands().clusterInfo().contains("cluster_state:ok");
    }

    static org.awaitility.core.ConditionFactory soon() {
        return await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(20));
    }

    private Stream<Member> members() {
        return Stream.concat(this.masters.stream(), this.replicas.stream());
    }

    /** One more server, which knows the others and has no slots. */
    Member join(String... arguments) {
        Member made = member(arguments);
        Member first = this.masters.get(0);
        meet(made, first);
        this.masters.add(made);
        long all = members().count();
        soon().until(() -> members()
                .allMatch(
                        member -> member.raw().commands().clusterNodes().lines().count() == all && works(member)));
        return made;
    }

    /** The master that had the slot of a name at the start. */
    Member master(String name) {
        return this.masters.get(ofSlot(SlotHash.getSlot(name)));
    }

    /** Its replica. */
    Member replica(String name) {
        return this.replicas.get(ofSlot(SlotHash.getSlot(name)));
    }

    private int ofSlot(int slot) {
        int shares = this.replicas.isEmpty() ? this.masters.size() : this.replicas.size();
        for (int i = 0; i < shares; i++) {
            if (slot < SLOTS * (i + 1) / shares) {
                return i;
            }
        }
        throw new IllegalArgumentException("there is no slot " + slot);
    }

    List<Member> masters() {
        return List.copyOf(this.masters);
    }

    /** Another master gets the slot of a name, with everything that is in it, as an operator would do it. */
    void migrate(String name, Member from, Member to) {
        int slot = SlotHash.getSlot(name);
        beginMigration(slot, from, to);
        moveKeys(slot, from, to);
        endMigration(slot, from, to);
    }

    void beginMigration(int slot, Member from, Member to) {
        to.raw().commands().clusterSetSlotImporting(slot, from.id());
        from.raw().commands().clusterSetSlotMigrating(slot, to.id());
    }

    void moveKeys(int slot, Member from, Member to) {
        List<byte[]> keys;
        while (!(keys = from.raw().commands().clusterGetKeysInSlot(slot, 100)).isEmpty()) {
            for (byte[] key : keys) {
                from.raw()
                        .commands()
                        .migrate(to.server().host(), to.server().port(), 0, 5000, MigrateArgs.Builder.key(key));
            }
        }
    }

    void endMigration(int slot, Member from, Member to) {
        to.raw().commands().clusterSetSlotNode(slot, to.id());
        from.raw().commands().clusterSetSlotNode(slot, to.id());
    }

    LettuceConnectionFactory factory() {
        RedisClusterConfiguration configuration = new RedisClusterConfiguration();
        members()
                .forEach(member -> configuration.clusterNode(
                        member.server().host(), member.server().port()));
        return new LettuceConnectionFactory(configuration, RedisNode.client());
    }

    /** What goes through a channel of a shard from now on. */
    List<byte[]> listen(String channel) {
        return master(channel).raw().listenToShard(channel);
    }

    /** How many have subscribed a channel of a shard. */
    long listeners(String channel) {
        return listeners(master(channel), channel);
    }

    static long listeners(Member master, String channel) {
        return master.raw()
                .commands()
                .pubsubShardNumsub(RawRedis.bytes(channel))
                .values()
                .iterator()
                .next();
    }

    void publish(String channel, byte[] message) {
        master(channel).raw().commands().spublish(RawRedis.bytes(channel), message);
    }

    /** How many connections of clients each master has. */
    List<Long> clients() {
        return this.masters.stream()
                .map(master -> master.raw()
                        .commands()
                        .clientList()
                        .lines()
                        .filter(line -> !line.contains("flags=S"))
                        .count())
                .toList();
    }

    @Override
    public void close() {
        members().forEach(member -> {
            member.raw().close();
            member.server().close();
        });
    }
}
