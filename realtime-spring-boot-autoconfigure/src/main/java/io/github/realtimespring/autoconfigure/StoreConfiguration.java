package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.ShardRouter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ResourceLoader;

/**
 * What the nodes of an application have to agree on, where they share no store. Processed after the configurations that
 * contribute one, before what builds on it.
 */
@Configuration(proxyBeanMethods = false)
class StoreConfiguration {

    @Bean
    @ConditionalOnMissingBean
    ShardRouter realtimeShardRouter(RealtimeProperties properties, RealtimeSettings settings) {
        return new LocalShardRouter(settings.origin(), properties.store().buckets());
    }

    @Bean
    StoreLine realtimeStoreLine(
            RealtimeProperties properties,
            ObjectProvider<StoreServer> server,
            ShardRouter router,
            BackplaneAdapter backplane,
            ResourceLoader resources) {
        if (properties.store().type() == RealtimeProperties.StoreType.REDIS && server.getIfAvailable() == null) {
            throw UnusableBackplaneException.noRedisStore(resources.getClassLoader());
        }
        return new StoreLine(backplane, router);
    }
}
