package io.github.realtimespring.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Opens connections to the application's Redis: with its addresses, Sentinel or not, its credentials, its TLS and its
 * event loops, and with options that are not the application's.
 *
 * <p>A connection of the application's own client will not do. Its options belong to the client and not to a connection:
 * one that keeps commands while it is not connected, and sends them again afterwards, does so for all. So there is a
 * second client, made by a second {@link LettuceConnectionFactory} of the same configuration; the first one knows how to
 * make addresses and credentials of it, and nobody has to say that again here. What differs:
 *
 * <ul>
 *   <li>no reconnect, because {@link Link} does that,
 *   <li>commands are refused while there is no connection,
 *   <li>every command ends within the publish timeout, and so do connecting and the handshake,
 *   <li>a bound for commands without an answer.
 * </ul>
 */
final class Connections implements AutoCloseable {

    private final LettuceConnectionFactory factory;

    Connections(LettuceConnectionFactory application, Duration timeout, int maxUnanswered) {
        this.factory = new LettuceConnectionFactory(server(application), client(application, timeout, maxUnanswered));
        this.factory.start();
    }

    private static RedisConfiguration server(LettuceConnectionFactory application) {
        if (application.isClusterAware()) {
            throw new IllegalStateException("Redis Cluster is not supported yet");
        }
        if (application.getSentinelConfiguration() != null) {
            return application.getSentinelConfiguration();
        }
        if (application.getSocketConfiguration() != null) {
            return application.getSocketConfiguration();
        }
        RedisStandaloneConfiguration standalone = application.getStandaloneConfiguration();
        if (!standalone.getHostName().equals(application.getHostName())
                || standalone.getPort() != application.getPort()
                || standalone.getDatabase() != application.getDatabase()) {
            // It was made of a configuration that it does not hand out.
            throw new IllegalStateException("the LettuceConnectionFactory does not tell its RedisConfiguration: make it"
                    + " of a RedisStandaloneConfiguration, RedisSentinelConfiguration or RedisSocketConfiguration");
        }
        return standalone;
    }

    private static LettuceClientConfiguration client(
            LettuceConnectionFactory application, Duration patience, int maxUnanswered) {
        LettuceClientConfiguration own = application.getClientConfiguration();
        LettuceClientConfiguration.LettuceClientConfigurationBuilder builder = LettuceClientConfiguration.builder();
        if (own.isUseSsl()) {
            SslVerifyMode verify = own.getVerifyMode();
            LettuceClientConfiguration.LettuceSslClientConfigurationBuilder ssl =
                    builder.useSsl().verifyPeer(verify);
            if (own.isStartTls()) {
                ssl.startTls();
            }
        }
        own.getClientResources().ifPresent(builder::clientResources);
        own.getClientName().ifPresent(builder::clientName);
        own.getRedisCredentialsProviderFactory().ifPresent(builder::redisCredentialsProviderFactory);
        Duration timeout = shorter(own.getCommandTimeout(), patience);
        ClientOptions options = own.getClientOptions().orElseGet(ClientOptions::create);
        return builder.commandTimeout(timeout)
                .shutdownTimeout(own.getShutdownTimeout())
                .shutdownQuietPeriod(own.getShutdownQuietPeriod())
                .clientOptions(bounded(options, timeout, patience, maxUnanswered))
                .build();
    }

    private static ClientOptions bounded(
            ClientOptions options, Duration timeout, Duration patience, int maxUnanswered) {
        SocketOptions socket = options.getSocketOptions();
        return options.mutate()
                .autoReconnect(false)
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled(timeout))
                // Would make timeouts longer while the server says that it is being looked after.
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                // Those that have timed out still wait for their answers.
                .requestQueueSize(2 * maxUnanswered)
                .socketOptions(socket.mutate()
                        .connectTimeout(shorter(socket.getConnectTimeout(), patience))
                        .build())
                .build();
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.isZero() || one.isNegative() || one.compareTo(other) > 0 ? other : one;
    }

    /** Waits for the connection, within the timeouts. */
    StatefulRedisConnection<byte[], byte[]> openCommands() {
        return client().connect(ByteArrayCodec.INSTANCE);
    }

    /** Waits for the connection, within the timeouts. */
    StatefulRedisPubSubConnection<String, byte[]> openChannels() {
        return client().connectPubSub(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    }

    /** Lettuce's threads for what is not reading and writing. */
    Executor executor() {
        ClientResources resources = client().getResources();
        return resources.eventExecutorGroup();
    }

    private RedisClient client() {
        return (RedisClient) this.factory.getRequiredNativeClient();
    }

    @Override
    public void close() {
        this.factory.destroy();
    }
}
