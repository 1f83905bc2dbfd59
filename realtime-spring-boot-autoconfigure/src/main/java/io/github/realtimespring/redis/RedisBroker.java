package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * The broker on Redis 6.2 or later and Valkey, a single server or one that Sentinel watches (SPEC §6,
 * docs/decisions/0017): PUBLISH and SUBSCRIBE for what is sent, one script for what a stream is given.
 *
 * <p>It has one connection for commands and one for channels, whatever the number of keys, both its own, to the server
 * of the application's {@link LettuceConnectionFactory} and with its credentials, TLS and event loops. A server that
 * cannot be reached keeps nothing from starting: the broker goes on trying, and refuses what it is asked meanwhile.
 *
 * <p>{@link #announce} is expected once in a while; a connection that only looks open is found by what becomes of
 * beacons.
 *
 * <p>Thread-safe. No method waits, and every stage completes within the publish timeout, on a thread of Lettuce.
 *
 * @since 0.1.0
 */
public final class RedisBroker implements Broker {

    /** Beacons without an answer, or taken and never heard, after which a connection is opened again. */
    private static final int PATIENCE = 2;

    private final Names names;
    private final RedisSettings settings;
    private final RedisServers servers;
    /** Whether the connections end with this broker. */
    private final boolean owner;

    private final Commands commands;
    private final Streams streams;
    private final Channels channels;
    private final Recovery recovery;
    private final AtomicInteger unansweredBeacons = new AtomicInteger();

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
        this.names = new Names(settings.application());
        this.commands = servers.commands();
        this.streams = new Streams(this.names, settings, this.commands);
        this.recovery = new Recovery(this.streams);
        this.channels = new Channels(
                this.names, this.recovery.channels(), servers.masters().get(0).connections(), settings);
        servers.listen(new Masters());
    }

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public void start(Listener listener) {
        this.recovery.start(this.channels, listener);
        this.servers.start();
        this.channels.start(listener);
    }

    @Override
    public CompletionStage<Void> send(RoutingKey key, byte[] envelope) {
        return publish(this.names.channel(key), envelope);
    }

    @Override
    public CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope) {
        Channels.Sight seen = this.channels.sight(key);
        return this.streams
                .append(key, eventId, envelope, seen == null ? null : seen.cursor())
                .whenComplete((place, failure) -> {
                    if (failure == null && place.added()) {
                        this.channels.recorded(key, place.cursor(), envelope);
                    }
                })
                .thenApply(Streams.Place::cursor);
    }

    @Override
    public CompletionStage<Void> announce(byte[] beacon) {
        return publish(this.names.beacons(), beacon).whenComplete((done, failure) -> {
            if (failure == null) {
                this.unansweredBeacons.set(0);
                this.channels.beaconTaken(PATIENCE);
            } else if (Failures.unwrap(failure) instanceof RedisCommandTimeoutException
                    && this.unansweredBeacons.incrementAndGet() >= PATIENCE) {
                this.unansweredBeacons.set(0);
                this.commands.at(Names.bytes(this.names.beacons())).reset("beacons are not answered");
            }
        });
    }

    private CompletionStage<Void> publish(String channel, byte[] message) {
        byte[] name = Names.bytes(channel);
        CommandArgs<byte[], byte[]> args =
                new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(name).addValue(message);
        return this.commands
                .send(name, CommandType.PUBLISH, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args)
                .thenApply(receivers -> null);
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
        return stage.toCompletableFuture()
                .copy()
                .orTimeout(this.settings.publishTimeout().toMillis(), TimeUnit.MILLISECONDS);
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
    public int unanswered() {
        return this.servers.unanswered();
    }

    @Override
    public void close() {
        this.recovery.close();
        this.channels.close();
        if (this.owner) {
            this.servers.close();
        }
    }

    /** What the coming and going of the connection for commands means. */
    private final class Masters implements Master.Listener {

        @Override
        public void up(Master master) {
            RedisBroker.this.recovery.commandsUp();
        }

        @Override
        public void down(Master master) {
            RedisBroker.this.recovery.commandsDown();
        }
    }
}
