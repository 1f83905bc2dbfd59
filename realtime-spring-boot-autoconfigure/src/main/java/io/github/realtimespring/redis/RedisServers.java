package io.github.realtimespring.redis;

import io.github.realtimespring.backplane.NotSentException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
    private final List<Master.Listener> listeners = new CopyOnWriteArrayList<>();
    private final Master master;
    private final Commands commands = new OfOne();
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
        Connections connections = new Connections(application, timeout, maxUnanswered);
        this.master = new Master("commands", connections, this.scripts, new Everybody(), timeout, maxUnanswered);
    }

    /** Begins to connect; more calls do nothing. Does not wait. */
    public synchronized void start() {
        if (!this.started) {
            this.started = true;
            this.master.start();
        }
    }

    /** How everything of this package has something done. */
    Commands commands() {
        return this.commands;
    }

    /** The masters that there are now. */
    List<Master> masters() {
        return List.of(this.master);
    }

    /** Tells of masters that can be reached, those included that can be already, and that cannot any more. */
    void listen(Master.Listener listener) {
        this.listeners.add(listener);
        masters().stream().filter(Master::isUp).forEach(listener::up);
    }

    /** Commands that have no answer yet. */
    int unanswered() {
        return masters().stream().mapToInt(Master::unanswered).sum();
    }

    /** Ends all connections; commands fail with a {@link NotSentException} afterwards. */
    @Override
    public void close() {
        this.master.close();
    }

    private final class OfOne implements Commands {

        @Override
        public void use(Script... scripts) {
            for (Script script : scripts) {
                RedisServers.this.scripts.add(script);
                if (RedisServers.this.master.isUp()) {
                    RedisServers.this.master.load(script);
                }
            }
        }

        @Override
        public Master at(byte[] name) {
            return RedisServers.this.master;
        }
    }

    private final class Everybody implements Master.Listener {

        @Override
        public void up(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.up(master));
        }

        @Override
        public void down(Master master) {
            RedisServers.this.listeners.forEach(listener -> listener.down(master));
        }
    }
}
