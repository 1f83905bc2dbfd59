package io.github.realtimespring.autoconfigure;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/** What long polling has on either stack. */
@Configuration(proxyBeanMethods = false)
class LongPollConfiguration {

    @Bean
    @Order(2)
    TransportName realtimeLongPollTransport() {
        return new TransportName("poll", "poll");
    }
}
