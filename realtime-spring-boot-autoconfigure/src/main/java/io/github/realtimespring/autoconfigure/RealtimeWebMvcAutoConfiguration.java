package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.ClientScript;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ServerInfo;
import io.github.realtimespring.protocol.WebSocketSettings;
import io.github.realtimespring.webmvc.ClientScriptHandler;
import io.github.realtimespring.webmvc.HttpSessionConnections;
import io.github.realtimespring.webmvc.InfoHandler;
import io.github.realtimespring.webmvc.RealtimeHandlerMapping;
import io.github.realtimespring.webmvc.RealtimeWebSocketHandler;
import io.github.realtimespring.webmvc.WebSocketThreads;
import jakarta.websocket.server.ServerContainer;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
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
@Import(WebSocketConfiguration.class)
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
    RealtimeWebSocketHandler realtimeWebSocketHandler(
            Handshakes handshakes,
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketThreads threads,
            HttpSessionConnections httpSessions) {
        return new RealtimeWebSocketHandler(handshakes, sessions, settings, threads, httpSessions);
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeHandlerMapping realtimeHandlerMapping(
            RealtimeProperties properties, RealtimeWebSocketHandler webSocket, ServerInfo info) {
        return new RealtimeHandlerMapping(
                properties.basePath(),
                webSocket,
                new InfoHandler(info),
                properties.client().serve() ? new ClientScriptHandler(new ClientScript()) : null);
    }

    @Bean
    @ConditionalOnMissingBean
    BasePathCheck realtimeBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        return new BasePathCheck(context, mapping);
    }
}
