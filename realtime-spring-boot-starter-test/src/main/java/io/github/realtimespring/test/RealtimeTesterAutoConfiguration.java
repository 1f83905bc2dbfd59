package io.github.realtimespring.test;

import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.TenantResolver;
import java.time.Duration;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigureOrder;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import tools.jackson.databind.json.JsonMapper;

/**
 * The {@link RealtimeTester} of a test.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@AutoConfigureOrder(Ordered.LOWEST_PRECEDENCE)
public final class RealtimeTesterAutoConfiguration {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    /** Decorates the tasks of the application's executor, so that the tester knows when the last one has ended. */
    @Bean
    TaskCounter realtimeTaskCounter() {
        return new TaskCounter();
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeTester realtimeTester(
            ProtocolSessions sessions,
            FanoutService fanout,
            ObjectProvider<Replayer> replayer,
            TaskCounter tasks,
            JsonMapper mapper,
            ObjectProvider<TenantResolver> tenants,
            ObjectProvider<IdentityCustomizer> identities,
            Environment environment) {
        Duration timeout = environment.getProperty("realtime.test.timeout", Duration.class, TIMEOUT);
        return new RealtimeTester(
                new EmbeddedSessions(
                        sessions,
                        fanout,
                        () -> replayer.stream().mapToInt(Replayer::pending).sum(),
                        tasks,
                        tenants.getIfAvailable(),
                        identities.orderedStream().toList()),
                mapper,
                timeout);
    }
}
