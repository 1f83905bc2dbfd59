package io.github.realtimespring.redis;

import io.github.realtimespring.backplane.NotSentException;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.api.StatefulRedisConnection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The connections of a node to Redis that are not the application's: one for commands to each master, whatever is kept
 * there, and one for channels beside it where a {@link RedisBroker} is.
 *
 * <p>Everything that this node keeps on Redis goes through one of these, which may be shared. It begins to connect with
 * {@link #start}; Redis that cannot be reached keeps nothing from starting, it is tried again and again.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class RedisServers implements AutoCloseable {

    /** Commands that may wait for the answer of one master; more are refused. */
    static final int MAX_UNANSWERED = 8192;

    private final Scripts scripts = new Scripts();
    private final List<Cluster.Listener> listeners = new CopyOnWriteArrayList<>();
    private final Everybody everybody = new Everybody();
    /** Of one server or of what Sentinel watches; exactly one of this and of the cluster is there. */
    private final @Nullable Master alone;

    private final @Nullable Cluster cluster;
    private final @Nullable ClusterConnections ofCluster;
    private final Commands commands = new OfAll();
    private boolean started;

    /**
     * @param application the connections of the application; only its configuration is used
     * @param timeout how long anything may take until it is answered
     */
    public RedisServers(LettuceConnectionFactory application, Duration timeout) {
        this(application, timeout, MAX_UNANSWERED);
    }

    /** @param maxUnanswered commands that may wait for the answer of one master; more are refused */
    public RedisServers(LettuceConnectionFactory application, Duration timeout, int maxUnanswered) {
        this(application, timeout, maxUnanswered, options -> {});
    }

    /**
     * @param customizer changes options of the client, which begin with the application's
     * @throws ReservedOptionException if it changes one that is set here
     */
    public RedisServers(
            LettuceConnectionFactory application, Duration timeout, Consumer<ClientOptions.Builder> customizer) {
        this(application, timeout, MAX_UNANSWERED, customizer);
    }

    private RedisServers(
            LettuceConnectionFactory application,
            Duration timeout,
            int maxUnanswered,
            Consumer<ClientOptions.Builder> customizer) {
        Options options = new Options(timeout, maxUnanswered, customizer);
        if (application.isClusterAware()) {
            this.alone = null;
            this.ofCluster = new ClusterConnections(application, options);
            this.cluster = new Cluster(this.ofCluster, this.scripts, this.everybody, timeout, maxUnanswered);
        } else {
            this.cluster = null;
            this.ofCluster = null;
            this.alone = new Master(
                    "",
                    "commands",
                    new ServerConnections(application, options),
                    this.scripts,
                    this.everybody,
                    timeout,
                    maxUnanswered);
        }
    }

    /** Whether they are the masters of a Redis Cluster. */
    public boolean isCluster() {
        return this.cluster != null;
    }

    /**
     * Asks a server of the cluster for its version. Waits, for one server after the other, three at most, and each within
     * the timeout.
     *
     * @return as the server says it, such as {@code 7.0.15}; {@code null} if none can be reached now
     * @throws IllegalStateException if the one that answers is not of a cluster
     */
    public @Nullable String clusterVersion() {
        if (this.ofCluster == null) {
            throw new IllegalStateException("there is no Redis Cluster");
        }
        for (Topology.Address server : this.ofCluster.seeds().stream().limit(3).toList()) {
            try (StatefulRedisConnection<byte[], byte[]> connection =
                    this.ofCluster.to(server).openCommands()) {
                String info = connection.sync().info("server");
                connection.sync().clusterMyId();
                return info.lines()
                        .filter(line -> line.startsWith("redis_version:"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(null);
            } catch (RedisCommandExecutionException refused) {
                String text = String.valueOf(refused.getMessage());
                if (text.contains("cluster support disabled")) {
                    throw new IllegalStateException(server + " is not a server of a cluster", refused);
                }
            } catch (RuntimeException unreachable) {
                // The next one, or later.
            }
        }
        return null;
    }

    /** Begins to connect; more calls do nothing. Does not wait. */
    public synchronized void start() {
        if (this.started) {
            return;
        }
        this.started = true;
        if (this.cluster != null) {
            this.cluster.start();
        }
        if (this.alone != null) {
            this.alone.start();
        }
    }

    /** How everything of this package has something done. */
    Commands commands() {
        return this.commands;
    }

    /** The masters that there are now. */
    List<Master> masters() {
        return this.cluster != null ? this.cluster.masters() : this.alone == null ? List.of() : List.of(this.alone);
    }

    /** Whether everything that can be kept has a master, as far as is known. */
    boolean areWhole() {
        return this.cluster == null || this.cluster.isCovered();
    }

    /** Something says that masters or their slots are not as they were. */
    void lookSoon() {
        if (this.cluster != null) {
            this.cluster.lookSoon();
        }
    }

    /** Tells of masters, those included that there are already, and of their coming and going. */
    void listen(Cluster.Listener listener) {
        this.everybody.add(listener);
    }

    /** Commands that have no answer yet. */
    int unanswered() {
        return masters().stream().mapToInt(Master::unanswered).sum();
    }

    /** Ends all connections; commands fail with a {@link NotSentException} afterwards. */
    @Override
    public void close() {
        if (this.cluster != null) {
            this.cluster.close();
        }
        if (this.alone != null) {
            this.alone.close();
        }
    }

    private final class OfAll implements Commands {

        @Override
        public void use(Script... scripts) {
            for (Script script : scripts) {
                RedisServers.this.scripts.add(script);
                masters().stream().filter(Master::isUp).forEach(master -> master.load(script));
            }
        }

        @Override
        public Master at(byte[] name) {
            Master alone = RedisServers.this.alone;
            Cluster cluster = RedisServers.this.cluster;
            if (alone != null) {
                return alone;
            }
            if (cluster == null) {
                throw new IllegalStateException("there is neither a server nor a cluster");
            }
            return cluster.at(name);
        }
    }

    /**
     * Tells all listeners. The monitor is held while one is added and while masters come and go, so that nobody misses
     * one. Listeners take locks of their own inside of it: nobody who holds one of those adds a listener. That a master is
     * up may be told to one that is being added twice.
     */
    private final class Everybody implements Cluster.Listener {

        synchronized void add(Cluster.Listener listener) {
            RedisServers.this.listeners.add(listener);
            for (Master master : masters()) {
                listener.added(master);
                if (master.isUp()) {
                    listener.up(master);
                }
            }
        }

        @Override
        public synchronized void added(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.added(master));
        }

        @Override
        public synchronized void removed(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.removed(master));
        }

        @Override
        public void looked() {
            RedisServers.this.listeners.forEach(Cluster.Listener::looked);
        }

        @Override
        public void up(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.up(master));
            lookSoon();
        }

        @Override
        public void down(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.down(master));
            lookSoon();
        }

        @Override
        public void notHere(Master master) {
            lookSoon();
        }
    }
}
