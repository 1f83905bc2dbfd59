package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.shard.ShardRouter;
import io.github.realtimespring.shard.ShardSettings;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.ResourceLoader;

/**
 * Who coordinates what: among nodes that share a store, or each node for itself. Processed after the configurations that
 * contribute a store, before what builds on this.
 */
@Configuration(proxyBeanMethods = false)
class StoreConfiguration {

    /** Where nodes share one. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(NodeStore.class)
    @ConditionalOnMissingBean(ShardRouter.class)
    static class Shared {

        @Bean
        LeasedShardRouter realtimeShardRouter(
                NodeStore store, RealtimeProperties properties, RealtimeSettings settings) {
            RealtimeProperties.Store common = properties.store();
            return new LeasedShardRouter(
                    settings.origin(),
                    store,
                    new ShardSettings(common.buckets(), common.lease(), common.renewal()),
                    Ticker.SYSTEM);
        }

        /** Beacons tell of nodes earlier than leases do. */
        @Bean
        BackplaneObserver realtimeShardHints(LeasedShardRouter router) {
            return new BackplaneObserver() {
                @Override
                public void peersChanged() {
                    router.refresh();
                }
            };
        }

        @Bean
        ShardLifecycle realtimeShardLifecycle(
                ApplicationContext context, LeasedShardRouter router, RealtimeProperties properties) {
            return new ShardLifecycle(context, router, properties.backplane().publishTimeout());
        }
    }

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
