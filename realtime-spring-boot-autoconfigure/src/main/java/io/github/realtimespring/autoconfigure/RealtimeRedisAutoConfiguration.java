package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisSettings;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
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

    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    @ConditionalOnMissingBean(Broker.class)
    RedisBroker realtimeRedisBroker(
            BrokerBackplane.Application application,
            RealtimeProperties properties,
            ObjectProvider<RedisConnectionFactory> factory,
            @Qualifier(DEDICATED) ObjectProvider<RedisConnectionFactory> dedicated) {
        RedisConnectionFactory chosen = dedicated.getIfAvailable(factory::getObject);
        if (!(chosen instanceof LettuceConnectionFactory lettuce)) {
            throw new UnusableBackplaneException(
                    "The backplane on Redis uses Lettuce, and the application's connection is a "
                            + chosen.getClass().getSimpleName() + ".",
                    "Set spring.data.redis.client-type=lettuce, or define a LettuceConnectionFactory named " + DEDICATED
                            + " for the backplane.");
        }
        RealtimeProperties.History history = properties.history();
        return new RedisBroker(
                lettuce,
                RedisSettings.of(
                        application.name(),
                        properties.backplane().publishTimeout(),
                        history.size(),
                        history.ttl()));
    }
}
