package io.github.realtimespring.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Opens connections to servers of the application's Redis Cluster, each by its address. A client for clusters would choose
 * the server by itself, and choose another one behind our back, so it is a client for servers, with the application's
 * credentials and TLS, and {@link Options} and {@link Resources} of ours.
 */
final class ClusterConnections implements AutoCloseable {

    private final RedisClusterConfiguration cluster;
    private final LettuceClientConfiguration application;
    private final Options options;
    private final Resources resources;
    private final RedisClient client;

    ClusterConnections(LettuceConnectionFactory factory, Options options) {
        this.cluster = Objects.requireNonNull(factory.getClusterConfiguration());
        this.application = factory.getClientConfiguration();
        this.options = options;
        ClientOptions ours = options.of(this.application);
        this.resources = new Resources(this.application);
        this.client = RedisClient.create(this.resources.get());
        this.client.setOptions(ours);
    }

    /** The servers that the application names. */
    List<Topology.Address> seeds() {
        return this.cluster.getClusterNodes().stream()
                .map(node -> new Topology.Address(node.getRequiredHost(), node.getRequiredPort()))
                .toList();
    }

    Connections to(Topology.Address server) {
        RedisURI uri = uri(server);
        return new Connections() {
            @Override
            public StatefulRedisConnection<byte[], byte[]> openCommands() {
                return ClusterConnections.this.client.connect(ByteArrayCodec.INSTANCE, uri);
            }

            @Override
            public StatefulRedisPubSubConnection<String, byte[]> openChannels() {
                return ClusterConnections.this.client.connectPubSub(
                        RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE), uri);
            }

            @Override
            public Executor executor() {
                return ClusterConnections.this.executor();
            }

            /** The client is that of all servers. */
            @Override
            public void close() {}
        };
    }

    private RedisURI uri(Topology.Address server) {
        RedisURI.Builder uri = RedisURI.Builder.redis(server.host(), server.port())
                .withSsl(this.application.isUseSsl())
                .withVerifyPeer(this.application.getVerifyMode())
                .withStartTls(this.application.isStartTls())
                .withTimeout(this.options.timeout(this.application));
        this.application.getClientName().ifPresent(uri::withClientName);
        RedisPassword password = this.cluster.getPassword();
        String user = this.cluster.getUsername();
        if (this.application.getRedisCredentialsProviderFactory().isPresent()) {
            uri.withAuthentication(this.application
                    .getRedisCredentialsProviderFactory()
                    .get()
                    .createCredentialsProvider(this.cluster));
        } else if (password.isPresent()) {
            char[] secret = password.get();
            if (user == null || user.isEmpty()) {
                uri.withPassword(secret);
            } else {
                uri.withAuthentication(user, secret);
            }
        }
        return uri.build();
    }

    Executor executor() {
        return this.resources.executor();
    }

    @Override
    public void close() {
        this.client.shutdown(this.application.getShutdownQuietPeriod(), this.application.getShutdownTimeout());
        this.resources.close();
    }
}
