package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.ProtocolSettings;
import io.github.realtimespring.protocol.WebSocketSettings;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/** What the WebSocket transport has on either stack. */
@Configuration(proxyBeanMethods = false)
class WebSocketConfiguration {

    @Bean
    @ConditionalOnMissingBean
    WebSocketSettings realtimeWebSocketSettings(RealtimeProperties properties, ProtocolSettings protocol) {
        RealtimeProperties.Websocket websocket = properties.websocket();
        return new WebSocketSettings(
                properties.basePath(),
                protocol.maxFrameBytes(),
                websocket.bearerSubprotocol(),
                websocket.compression());
    }

    @Bean
    @Order(0)
    TransportName realtimeWebSocketTransport() {
        return new TransportName("ws", "websocket");
    }
}
