package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.Sends;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What sending without a WebSocket has on either stack. */
@Configuration(proxyBeanMethods = false)
class SendConfiguration {

    @Bean
    @ConditionalOnMissingBean
    Sends realtimeSends(ProtocolSessions sessions) {
        return new Sends(sessions);
    }
}
