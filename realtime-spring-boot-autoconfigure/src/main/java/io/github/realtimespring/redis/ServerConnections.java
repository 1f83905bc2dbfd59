package io.github.realtimespring.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.SslVerifyMode;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.concurrent.Executor;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Opens connections to the application's Redis, one server or one that Sentinel watches: with its addresses, its
 * credentials and its TLS, and with options that are not the application's.
 *
 * <p>A connection of the application's own client will not do. Its options belong to the client and not to a connection:
 * one that keeps commands while it is not connected, and sends them again afterwards, does so for all. So there is a
 * second client, made by a second {@link LettuceConnectionFactory} of the same configuration; the first one knows how to
 * make addresses and credentials of it, and nobody has to say that again here. {@link Options} and
 * {@link Resources} have what differs.
 */
final class ServerConnections implements Connections {

    private final Resources resources;
    private final LettuceConnectionFactory factory;

    ServerConnections(LettuceConnectionFactory application, Options options) {
        RedisConfiguration server = server(application);
        ClientOptions ours = options.of(application.getClientConfiguration());
        this.resources = new Resources(application.getClientConfiguration());
        this.factory = new LettuceConnectionFactory(server, client(application, this.resources, options, ours));
        this.factory.start();
    }

    private static RedisConfiguration server(LettuceConnectionFactory application) {
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
                    + " of a RedisStandaloneConfiguration, RedisSentinelConfiguration, RedisClusterConfiguration or"
                    + " RedisSocketConfiguration");
        }
        return standalone;
    }

    private static LettuceClientConfiguration client(
            LettuceConnectionFactory application, Resources resources, Options options, ClientOptions ours) {
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
        builder.clientResources(resources.get());
        own.getClientName().ifPresent(builder::clientName);
        own.getRedisCredentialsProviderFactory().ifPresent(builder::redisCredentialsProviderFactory);
        return builder.commandTimeout(options.timeout(own))
                .shutdownTimeout(own.getShutdownTimeout())
                .shutdownQuietPeriod(own.getShutdownQuietPeriod())
                .clientOptions(ours)
                .build();
    }

    @Override
    public StatefulRedisConnection<byte[], byte[]> openCommands() {
        return client().connect(ByteArrayCodec.INSTANCE);
    }

    @Override
    public StatefulRedisPubSubConnection<String, byte[]> openChannels() {
        return client().connectPubSub(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    }

    @Override
    public Executor executor() {
        return this.resources.executor();
    }

    private RedisClient client() {
        return (RedisClient) this.factory.getRequiredNativeClient();
    }

    @Override
    public void close() {
        this.factory.destroy();
        this.resources.close();
    }
}
