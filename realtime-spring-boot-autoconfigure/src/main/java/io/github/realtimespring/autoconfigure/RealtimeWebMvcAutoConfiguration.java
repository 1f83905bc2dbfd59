package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ProtocolSettings;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.webmvc.ClientScriptHandler;
import io.github.realtimespring.webmvc.HttpSessionConnections;
import io.github.realtimespring.webmvc.InfoHandler;
import io.github.realtimespring.webmvc.OriginPolicy;
import io.github.realtimespring.webmvc.RealtimeHandlerMapping;
import io.github.realtimespring.webmvc.RealtimeWebSocketHandler;
import io.github.realtimespring.webmvc.WebSocketSettings;
import io.github.realtimespring.webmvc.WebSocketThreads;
import jakarta.websocket.server.ServerContainer;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.web.servlet.DispatcherServlet;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the WebSocket
 * transport on servlet containers.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = {RealtimeAutoConfiguration.class, RealtimeSecurityAutoConfiguration.class},
        afterName = "org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration")
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass({DispatcherServlet.class, ServerContainer.class})
@ConditionalOnBean(ProtocolSessions.class)
@ConditionalOnBooleanProperty(name = "realtime.transports.websocket.enabled", matchIfMissing = true)
@ImportRuntimeHints(ClientResourceHints.class)
public final class RealtimeWebMvcAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    WebSocketThreads realtimeWebSocketThreads() {
        return new WebSocketThreads();
    }

    @Bean
    @ConditionalOnMissingBean
    HttpSessionConnections realtimeHttpSessionConnections() {
        return new HttpSessionConnections();
    }

    @Bean
    @ConditionalOnMissingBean
    WebSocketSettings realtimeWebSocketSettings(RealtimeProperties properties, ProtocolSettings protocol) {
        RealtimeProperties.Websocket websocket = properties.websocket();
        try {
            new OriginPolicy(websocket.allowedOrigins());
        } catch (IllegalArgumentException ex) {
            throw new InvalidConfigurationPropertyValueException(
                    "realtime.websocket.allowed-origins",
                    websocket.allowedOrigins(),
                    "An origin is scheme, host and port only, such as 'https://app.example.com'.");
        }
        return new WebSocketSettings(
                properties.basePath(),
                websocket.allowedOrigins(),
                protocol.maxFrameBytes(),
                websocket.bearerSubprotocol(),
                websocket.compression());
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeWebSocketHandler realtimeWebSocketHandler(
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketThreads threads,
            ObjectProvider<RealtimeTokenAuthenticator> authenticator,
            ObjectProvider<TenantResolver> tenants,
            ObjectProvider<IdentityCustomizer> identities,
            ObjectProvider<HandshakeCustomizer> handshakes,
            HttpSessionConnections httpSessions) {
        return new RealtimeWebSocketHandler(
                sessions,
                settings,
                threads,
                authenticator.getIfAvailable(),
                tenants.getIfAvailable(),
                identities.orderedStream().toList(),
                handshakes.orderedStream().toList(),
                httpSessions);
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeHandlerMapping realtimeHandlerMapping(
            RealtimeProperties properties, RealtimeWebSocketHandler webSocket, ProtocolSettings protocol) {
        return new RealtimeHandlerMapping(
                properties.basePath(),
                webSocket,
                new InfoHandler(protocol),
                properties.client().serve() ? new ClientScriptHandler() : null);
    }

    @Bean
    @ConditionalOnMissingBean
    BasePathCheck realtimeBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        return new BasePathCheck(context, mapping);
    }

    @Bean
    TransportName realtimeWebSocketTransport() {
        return new TransportName("ws");
    }
}
