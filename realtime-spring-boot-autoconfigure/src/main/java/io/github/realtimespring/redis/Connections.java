package io.github.realtimespring.redis;

import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.Executor;

/** Opens connections to one server. */
interface Connections extends AutoCloseable {

    /** Waits for the connection, within the timeouts. */
    StatefulRedisConnection<byte[], byte[]> openCommands();

    /** Waits for the connection, within the timeouts. */
    StatefulRedisPubSubConnection<String, byte[]> openChannels();

    /** Lettuce's threads for what is not reading and writing. */
    Executor executor();

    @Override
    void close();
}
