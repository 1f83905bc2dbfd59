package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.EventStreams;
import io.github.realtimespring.protocol.ProtocolSessions;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/** What event streams have on either stack. */
@Configuration(proxyBeanMethods = false)
class EventStreamConfiguration {

    @Bean
    @ConditionalOnMissingBean
    EventStreams realtimeEventStreams(ProtocolSessions sessions) {
        return new EventStreams(sessions);
    }

    @Bean
    @Order(1)
    TransportName realtimeEventStreamTransport() {
        return new TransportName("sse", "sse");
    }
}
