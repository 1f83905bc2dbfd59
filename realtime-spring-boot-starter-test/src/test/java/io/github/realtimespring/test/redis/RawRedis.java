package io.github.realtimespring.test.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** A client that knows nothing of the product: an operator, another application, or somebody who means harm. */
final class RawRedis implements AutoCloseable {

    private final RedisClient client;
    private final StatefulRedisConnection<byte[], byte[]> connection;

    RawRedis(RedisServer server) {
        this.client = RedisClient.create(RedisURI.create(server.host(), server.port()));
        this.connection = this.client.connect(ByteArrayCodec.INSTANCE);
    }

    RedisCommands<byte[], byte[]> commands() {
        return this.connection.sync();
    }

    void publish(String channel, byte[] message) {
        commands().publish(bytes(channel), message);
    }

    long receivers(String channel) {
        return commands().pubsubNumsub(bytes(channel)).values().iterator().next();
    }

    /** What goes through a channel from now on. */
    List<byte[]> listen(String channel) {
        return listen(listening -> listening.sync().subscribe(bytes(channel)));
    }

    /** The same for a channel of a shard. */
    List<byte[]> listenToShard(String channel) {
        return listen(listening -> listening.sync().ssubscribe(bytes(channel)));
    }

    private List<byte[]> listen(Consumer<StatefulRedisPubSubConnection<byte[], byte[]>> subscribe) {
        List<byte[]> heard = new CopyOnWriteArrayList<>();
        StatefulRedisPubSubConnection<byte[], byte[]> listening = this.client.connectPubSub(ByteArrayCodec.INSTANCE);
        listening.addListener(new RedisPubSubAdapter<>() {
            @Override
            public void message(byte[] name, byte[] message) {
                heard.add(message);
            }

            @Override
            public void smessage(byte[] name, byte[] message) {
                heard.add(message);
            }
        });
        subscribe.accept(listening);
        return heard;
    }

    /** Names that a pattern matches. */
    List<String> names(String pattern) {
        return commands().keys(pattern).stream()
                .map(name -> new String(name, StandardCharsets.UTF_8))
                .toList();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        this.client.shutdown();
    }
}
