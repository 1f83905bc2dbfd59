package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.redis.RedisSettings;
import io.github.realtimespring.redis.ReservedOptionException;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the backplane on
 * Redis: contributes the {@link Broker} of which {@link RealtimeAutoConfiguration} makes the backplane. It is on the
 * server of the application's {@link RedisConnectionFactory}, or of the one that is named or qualified
 * {@value #DEDICATED}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        before = RealtimeAutoConfiguration.class,
        afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass({RedisConnectionFactory.class, LettuceConnectionFactory.class})
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@ConditionalOnProperty(name = "realtime.backplane.type", havingValue = "redis")
public final class RealtimeRedisAutoConfiguration {

    /** Of a {@link RedisConnectionFactory} for the backplane alone. */
    public static final String DEDICATED = "realtimeRedisConnectionFactory";

    private static final String SHARDED_PUBSUB = "realtime.backplane.redis.sharded-pubsub";

    /** Shared by everything of this node that is kept on Redis. */
    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    @ConditionalOnMissingBean
    RedisServers realtimeRedisServers(
            RealtimeProperties properties,
            Environment environment,
            ObjectProvider<RedisConnectionFactory> factory,
            @Qualifier(DEDICATED) ObjectProvider<RedisConnectionFactory> dedicated,
            ObjectProvider<RealtimeRedisCustomizer> customizers) {
        RedisConnectionFactory own = dedicated.getIfAvailable();
        if (own == null) {
            checkServers(environment);
        }
        RedisConnectionFactory chosen = own != null ? own : factory.getObject();
        if (!(chosen instanceof LettuceConnectionFactory lettuce)) {
            throw new UnusableBackplaneException(
                    "The backplane on Redis uses Lettuce, and the application's connection is a "
                            + chosen.getClass().getSimpleName() + ".",
                    "Set spring.data.redis.client-type=lettuce, or define a LettuceConnectionFactory named " + DEDICATED
                            + " for the backplane.");
        }
        try {
            return new RedisServers(
                    lettuce,
                    properties.backplane().publishTimeout(),
                    options -> customizers.orderedStream().forEach(customizer -> customizer.customize(options)));
        } catch (ReservedOptionException ex) {
            throw UnusableBackplaneException.reserved(
                    "RealtimeRedisCustomizer", "the option '" + ex.option() + "' of the client for Redis");
        }
    }

    @Bean
    @ConditionalOnBean(RedisServers.class)
    @ConditionalOnMissingBean(Broker.class)
    RedisBroker realtimeRedisBroker(
            BrokerBackplane.Application application, RealtimeProperties properties, RedisServers servers) {
        RealtimeProperties.History history = properties.history();
        RealtimeProperties.Backplane backplane = properties.backplane();
        SubscriptionMode mode = backplane.subscription().mode();
        RedisSettings settings = RedisSettings.of(
                        application.name(), backplane.publishTimeout(), history.size(), history.ttl())
                .withHistoryBytes(history.maxRoomBytes().toBytes())
                .withMode(mode == null ? SubscriptionMode.LAZY : mode)
                .withSharded(isSharded(backplane.redis().shardedPubsub(), servers))
                .withCriticalReplicas(backplane.redis().criticalReplicas());
        return new RedisBroker(servers, settings);
    }

    private static boolean isSharded(RealtimeProperties.Choice asked, RedisServers servers) {
        if (!servers.isCluster()) {
            if (asked == RealtimeProperties.Choice.ON) {
                throw new UnusableBackplaneException(
                        SHARDED_PUBSUB + " is 'on', and the application's Redis is not a cluster: there are no shards.",
                        "Remove the property, or set spring.data.redis.cluster.nodes.");
            }
            return false;
        }
        if (asked == RealtimeProperties.Choice.OFF) {
            return false;
        }
        String version = version(servers);
        if (version != null && major(version) < 7) {
            throw new UnusableBackplaneException(
                    "The application's Redis Cluster has version " + version
                            + ", and sharded publish and subscribe, which the backplane uses on a cluster, came with 7.0.",
                    "Upgrade the cluster to 7.0 or later, or set " + SHARDED_PUBSUB
                            + "=off, which has every event brought to every server of the cluster.");
        }
        return true;
    }

    private static @Nullable String version(RedisServers servers) {
        try {
            return servers.clusterVersion();
        } catch (IllegalStateException notOne) {
            throw new UnusableBackplaneException(
                    "spring.data.redis.cluster.nodes is set, and " + notOne.getMessage() + ".",
                    "Name servers of a cluster there, or one server with spring.data.redis.host and .port.");
        }
    }

    private static int major(String version) {
        try {
            return Integer.parseInt(version.substring(0, Math.max(0, version.indexOf('.'))));
        } catch (NumberFormatException unheardOf) {
            return Integer.MAX_VALUE;
        }
    }

    /** Of these the connection does not tell where it leads. */
    private static void checkServers(Environment environment) {
        String property = "spring.data.redis.masterreplica.nodes";
        if (Binder.get(environment).bind(property, String[].class).isBound()) {
            throw new UnusableBackplaneException(
                    "The backplane on Redis uses one server, one that Sentinel watches, or a cluster, and " + property
                            + " is set.",
                    "Define a LettuceConnectionFactory named " + DEDICATED
                            + " that leads to one of these for the backplane.");
        }
    }
}
