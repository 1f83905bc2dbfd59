package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.ClientScript;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ServerInfo;
import io.github.realtimespring.protocol.WebSocketSettings;
import io.github.realtimespring.webflux.ClientScriptHandler;
import io.github.realtimespring.webflux.InfoHandler;
import io.github.realtimespring.webflux.NettyUpgrade;
import io.github.realtimespring.webflux.RealtimeHandlerMapping;
import io.github.realtimespring.webflux.RealtimeWebSocketHandler;
import io.github.realtimespring.webflux.SessionUpgrade;
import io.github.realtimespring.webflux.WebSessionConnections;
import io.github.realtimespring.webflux.WebSocketLoops;
import io.github.realtimespring.webflux.WebSocketUpgrade;
import io.netty.channel.Channel;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.socket.server.WebSocketService;
import org.springframework.web.reactive.socket.server.support.HandshakeWebSocketService;
import reactor.netty.http.server.HttpServer;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the WebSocket
 * transport on WebFlux.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = {RealtimeAutoConfiguration.class, RealtimeSecurityAutoConfiguration.class},
        afterName = "org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration")
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass({DispatcherHandler.class, WebSocketService.class})
@ConditionalOnBean(ProtocolSessions.class)
@ConditionalOnBooleanProperty(name = "realtime.transports.websocket.enabled", matchIfMissing = true)
@Import(WebSocketConfiguration.class)
@ImportRuntimeHints(ClientResourceHints.class)
public final class RealtimeWebFluxAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    WebSessionConnections realtimeWebSessionConnections() {
        return new WebSessionConnections();
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeWebSocketHandler realtimeWebSocketHandler(
            Handshakes handshakes,
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketUpgrade upgrade,
            WebSessionConnections webSessions,
            HandlerThreads threads) {
        return new RealtimeWebSocketHandler(handshakes, sessions, settings, upgrade, webSessions, threads.executor());
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
    ReactiveBasePathCheck realtimeBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        return new ReactiveBasePathCheck(context, mapping);
    }

    /** Where Reactor Netty is there; whether it is the server, each request tells. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HttpServer.class, Channel.class})
    static class NettyConfiguration {

        @Bean
        @ConditionalOnMissingBean
        WebSocketLoops realtimeWebSocketLoops() {
            return new WebSocketLoops();
        }

        @Bean
        @ConditionalOnMissingBean(WebSocketUpgrade.class)
        NettyUpgrade realtimeWebSocketUpgrade(WebSocketLoops loops, ObjectProvider<WebSocketService> service) {
            return new NettyUpgrade(loops, new SessionUpgrade(service.getIfUnique(HandshakeWebSocketService::new)));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnMissingClass("reactor.netty.http.server.HttpServer")
    static class OtherConfiguration {

        @Bean
        @ConditionalOnMissingBean(WebSocketUpgrade.class)
        SessionUpgrade realtimeWebSocketUpgrade(ObjectProvider<WebSocketService> service) {
            return new SessionUpgrade(service.getIfUnique(HandshakeWebSocketService::new));
        }
    }
}
