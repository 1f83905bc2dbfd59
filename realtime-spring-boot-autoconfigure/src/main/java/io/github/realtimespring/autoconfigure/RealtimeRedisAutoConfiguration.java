package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisServers;
import io.github.realtimespring.redis.RedisSettings;
import java.util.List;
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

    /** Shared by everything of this node that is kept on Redis. */
    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    @ConditionalOnMissingBean
    RedisServers realtimeRedisServers(
            RealtimeProperties properties,
            Environment environment,
            ObjectProvider<RedisConnectionFactory> factory,
            @Qualifier(DEDICATED) ObjectProvider<RedisConnectionFactory> dedicated) {
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
        return new RedisServers(lettuce, properties.backplane().publishTimeout());
    }

    @Bean
    @ConditionalOnBean(RedisServers.class)
    @ConditionalOnMissingBean(Broker.class)
    RedisBroker realtimeRedisBroker(
            BrokerBackplane.Application application, RealtimeProperties properties, RedisServers servers) {
        RealtimeProperties.History history = properties.history();
        return new RedisBroker(
                servers,
                RedisSettings.of(
                        application.name(), properties.backplane().publishTimeout(), history.size(), history.ttl()));
    }

    /** Of these the connection does not tell where it leads. */
    private static void checkServers(Environment environment) {
        for (String servers : List.of("cluster", "masterreplica")) {
            String property = "spring.data.redis." + servers + ".nodes";
            if (Binder.get(environment).bind(property, String[].class).isBound()) {
                throw new UnusableBackplaneException(
                        "The backplane on Redis uses one server, or one that Sentinel watches, and " + property
                                + " is set.",
                        "Define a LettuceConnectionFactory named " + DEDICATED
                                + " that leads to one for the backplane.");
            }
        }
    }
}
