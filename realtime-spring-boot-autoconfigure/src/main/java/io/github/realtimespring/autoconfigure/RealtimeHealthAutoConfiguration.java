package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.actuate.RealtimeHealth;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.protocol.ConnectionCapacity;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.ProtocolSessions;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.context.annotation.Bean;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of health contributor
 * {@code realtime}.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = RealtimeAutoConfiguration.class,
        beforeName = "org.springframework.boot.health.autoconfigure.contributor.HealthContributorAutoConfiguration")
@ConditionalOnWebApplication
@ConditionalOnClass({CompositeHealthContributor.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(ProtocolSessions.class)
public final class RealtimeHealthAutoConfiguration {

    @Bean
    @ConditionalOnEnabledHealthIndicator("realtime")
    @ConditionalOnMissingBean(name = "realtimeHealthContributor")
    CompositeHealthContributor realtimeHealthContributor(
            BackplaneAdapter backplane, Drain drain, ConnectionCapacity capacity) {
        return RealtimeHealth.of(backplane, drain, capacity);
    }
}
