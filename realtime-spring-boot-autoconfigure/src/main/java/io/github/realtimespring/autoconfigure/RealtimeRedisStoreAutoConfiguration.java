package io.github.realtimespring.autoconfigure;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
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

    @Bean
    @ConditionalOnBean(RedisConnectionFactory.class)
    StoreServer realtimeStoreServer(
            ObjectProvider<RedisConnectionFactory> factory,
            @Qualifier(RealtimeRedisAutoConfiguration.DEDICATED) ObjectProvider<RedisConnectionFactory> dedicated) {
        RedisConnectionFactory own = dedicated.getIfAvailable();
        RedisConnectionFactory chosen = own != null ? own : factory.getObject();
        if (!(chosen instanceof LettuceConnectionFactory lettuce)) {
            throw UnusableBackplaneException.notLettuce("store", chosen.getClass());
        }
        return new RedisStoreServer(lettuce);
    }

    /** @param factory leads to the server; only its configuration is used */
    record RedisStoreServer(LettuceConnectionFactory factory) implements StoreServer {}
}
