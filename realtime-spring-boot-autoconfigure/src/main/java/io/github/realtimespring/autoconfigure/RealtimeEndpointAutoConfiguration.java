package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.actuate.RealtimeTotals;
import io.github.realtimespring.actuate.RoomPatterns;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.handler.RealtimeEngine;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.History;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.Rebalance;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.shard.ShardRouter;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the actuator endpoint
 * {@code realtime}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(after = RealtimeAutoConfiguration.class)
@ConditionalOnWebApplication
@ConditionalOnClass({WebEndpoint.class, ConditionalOnAvailableEndpoint.class})
@ConditionalOnBean(ProtocolSessions.class)
public final class RealtimeEndpointAutoConfiguration {

    /** Not beside the class conditions above, which would be too late for it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnAvailableEndpoint(RealtimeEndpoint.class)
    static class EndpointConfiguration {

        @Bean
        @ConditionalOnMissingBean
        RealtimeTotals realtimeTotals() {
            return new RealtimeTotals();
        }

        @Bean
        @ConditionalOnMissingBean
        RealtimeEndpoint realtimeEndpoint(
                RealtimeSettings settings,
                RealtimeEngine engine,
                RoomRegistry registry,
                History history,
                QueueLimits limits,
                RoomHandlers handlers,
                RoomPatterns patterns,
                Drain drain,
                ShardRouter router,
                Rebalance rebalance,
                RealtimeTotals totals) {
            return new RealtimeEndpoint(
                    settings.nodeId(),
                    engine,
                    registry,
                    history,
                    limits,
                    handlers,
                    patterns,
                    drain,
                    new RealtimeEndpoint.Cluster(router, rebalance),
                    totals);
        }
    }
}
