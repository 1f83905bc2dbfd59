package io.github.realtimespring.autoconfigure;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the backplane on
 * Redis: contributes the {@link io.github.realtimespring.backplane.Broker} of which {@link RealtimeAutoConfiguration} makes
 * the backplane.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        before = RealtimeAutoConfiguration.class,
        afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass(name = "org.springframework.data.redis.connection.RedisConnectionFactory")
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@ConditionalOnProperty(name = "realtime.backplane.type", havingValue = "redis")
public final class RealtimeRedisAutoConfiguration {}
