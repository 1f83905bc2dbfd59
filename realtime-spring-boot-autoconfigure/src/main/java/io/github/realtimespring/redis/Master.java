package io.github.realtimespring.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server with a master's role, and the one connection for commands to it. The connection counts as one when the scripts
 * are loaded and the server has said that it is a master.
 *
 * <p>Thread-safe; nothing waits.
 */
final class Master {

    private static final Logger logger = LoggerFactory.getLogger(Master.class);

    private static final String NEVER_PROMOTED = "0".repeat(40);

    private final String id;
    private final String name;
    private final Scripts scripts;
    private final Connections connections;
    private final Listener listener;
    private final Link<StatefulRedisConnection<byte[], byte[]>> link;
    private final Outbox outbox;
    /** Tells a server that was promoted from the one that it took over from; empty if it never was. */
    private volatile String generation = "";

    /** Is told of the connection's coming and going, and of what it means for others. */
    interface Listener {

        void up(Master master);

        void down(Master master);

        /** The server has refused something because it does not keep it, or not now. */
        void notHere(Master master);
    }

    /**
     * @param id names the server in a cluster, on every node; empty for one that is alone
     * @param name for logs
     */
    Master(
            String id,
            String name,
            Connections connections,
            Scripts scripts,
            Listener listener,
            Duration timeout,
            int maxUnanswered) {
        this.id = id;
        this.name = name;
        this.connections = connections;
        this.scripts = scripts;
        this.listener = listener;
        this.link = new Link<>(name, connections::openCommands, new Owner(), timeout);
        this.outbox = new Outbox(this.link, connections.executor(), maxUnanswered, this::failed);
    }

    void start() {
        this.link.start();
    }

    /** Names the server in a cluster, on every node; empty for one that is alone. */
    String id() {
        return this.id;
    }

    /** What its connection for commands is called in logs. */
    String name() {
        return this.name;
    }

    /** Opens connections of its own to the same server. */
    Connections connections() {
        return this.connections;
    }

    boolean isUp() {
        return this.link.isUp();
    }

    /** Gives the connection up, whatever it may look like. */
    void reset(String why) {
        this.link.reset(why);
    }

    /**
     * Another one after each time that a replica took over, and may not have had everything that its master had; empty
     * for a server that never did.
     */
    String generation() {
        return this.generation;
    }

    /** Commands that have no answer yet. */
    int unanswered() {
        return this.outbox.unanswered();
    }

    /** As {@link Commands#send}. */
    <T> CompletionStage<T> send(
            CommandType type, CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> args) {
        return this.outbox.send(type, output, args);
    }

    /** As {@link Commands#run}. */
    <T> CompletionStage<T> run(
            Script script, CommandOutput<byte[], byte[], T> output, List<byte[]> names, byte[]... values) {
        CommandArgs<byte[], byte[]> args =
                new CommandArgs<>(ByteArrayCodec.INSTANCE).add(script.digest()).add(names.size());
        names.forEach(args::addKey);
        for (byte[] value : values) {
            args.addValue(value);
        }
        return this.outbox.send(CommandType.EVALSHA, output, args);
    }

    /** Takes from what a command ended with what it means for everything else. */
    void failed(Throwable failure) {
        if (Failures.isReadOnly(failure)) {
            reset("the server is a replica now");
        } else if (Failures.isNoScript(failure)) {
            // Somebody emptied the server's cache. What comes before the scripts are back is refused: to send it again
            // would be to change its order.
            this.scripts.all().forEach(this::load);
        } else if (Failures.isNotHere(failure)) {
            this.listener.notHere(this);
        }
    }

    /** Behind what was given before, in front of what comes. */
    void load(Script script) {
        CommandArgs<byte[], byte[]> args =
                new CommandArgs<>(ByteArrayCodec.INSTANCE).add("LOAD").add(script.text());
        this.outbox.send(CommandType.SCRIPT, new StatusOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    /** Ends the connection with the client that it is of. */
    void close() {
        this.link.close();
        this.connections.close();
    }

    private void takeOver(String info) {
        if (info.contains("role:slave")) {
            throw new IllegalStateException("it is a replica");
        }
        String marker = "master_replid2:";
        int start = info.indexOf(marker);
        String before = start < 0
                ? ""
                : info.substring(start + marker.length())
                        .lines()
                        .findFirst()
                        .orElse("")
                        .strip();
        this.generation = before.equals(NEVER_PROMOTED) ? "" : before;
    }

    private final class Owner implements Link.Owner<StatefulRedisConnection<byte[], byte[]>> {

        /** How many of the scripts the connection has. Used by the link's thread only. */
        private int loaded;

        /** Has the scripts loaded and finds out what the server is; fails for one that cannot be written. */
        @Override
        public CompletionStage<?> prepare(StatefulRedisConnection<byte[], byte[]> connection) {
            List<Script> scripts = List.copyOf(Master.this.scripts.all());
            CompletableFuture<?>[] loaded = scripts.stream()
                    .map(script -> connection.async().scriptLoad(script.text()).toCompletableFuture())
                    .toArray(CompletableFuture[]::new);
            this.loaded = scripts.size();
            return connection
                    .async()
                    .info("replication")
                    .handle((text, failure) -> {
                        if (failure == null) {
                            takeOver(text);
                        } else {
                            logger.warn(
                                    "Redis does not tell its role: a replica that is promoted is not noticed ({})",
                                    failure.getMessage());
                        }
                        return null;
                    })
                    .thenCombine(CompletableFuture.allOf(loaded), (known, done) -> done);
        }

        @Override
        public void up() {
            // Those that somebody began to use meanwhile.
            Master.this.scripts.all().stream().skip(this.loaded).forEach(Master.this::load);
            Master.this.listener.up(Master.this);
        }

        @Override
        public void down() {
            Master.this.listener.down(Master.this);
        }
    }
}
