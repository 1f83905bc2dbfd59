package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisNodeStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.shard.NodeStore;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of what the nodes of an
 * application have to agree on, kept on Redis: with the backplane on Redis, or beside another one if
 * {@code realtime.store.type=redis}. Without it each of these stays in the process.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        before = RealtimeAutoConfiguration.class,
        after = RealtimeRedisAutoConfiguration.class,
        afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass({RedisConnectionFactory.class, LettuceConnectionFactory.class})
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@Conditional(OnRedisStore.class)
public final class RealtimeRedisStoreAutoConfiguration {

    /** Beside a backplane that is not on Redis; otherwise there is one already. */
    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    @ConditionalOnMissingBean
    RedisServers realtimeStoreServers(
            RealtimeProperties properties,
            Environment environment,
            ObjectProvider<RedisConnectionFactory> factory,
            @Qualifier(RealtimeRedisAutoConfiguration.DEDICATED) ObjectProvider<RedisConnectionFactory> dedicated) {
        return new RealtimeRedisAutoConfiguration().realtimeRedisServers(properties, environment, factory, dedicated);
    }

    @Bean
    @ConditionalOnBean(RedisServers.class)
    StoreServer realtimeStoreServer(RedisServers servers) {
        return new RedisStore(servers);
    }

    /** Connects from here on, so that the first renewal of a lease finds a connection. */
    @Bean
    @ConditionalOnBean(RedisServers.class)
    @ConditionalOnMissingBean(NodeStore.class)
    RedisNodeStore realtimeNodeStore(RedisServers servers, ObjectProvider<BrokerBackplane.Application> application) {
        BrokerBackplane.Application named = application.getIfAvailable();
        if (named == null) {
            throw UnusableBackplaneException.storeOfOneNode();
        }
        servers.start();
        return new RedisNodeStore(servers, named.name());
    }

    @Bean
    @ConditionalOnBean(RedisServers.class)
    @ConditionalOnMissingBean(PresenceStore.class)
    RedisPresenceStore realtimePresenceStore(RedisServers servers, BrokerBackplane.Application application) {
        return new RedisPresenceStore(servers, application.name());
    }

    private record RedisStore(RedisServers servers) implements StoreServer {}
}
