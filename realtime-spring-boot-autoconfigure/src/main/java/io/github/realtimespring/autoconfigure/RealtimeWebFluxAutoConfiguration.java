package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.protocol.ClientScript;
import io.github.realtimespring.protocol.EventStreams;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Polls;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ProtocolSettings;
import io.github.realtimespring.protocol.Sends;
import io.github.realtimespring.protocol.ServerInfo;
import io.github.realtimespring.protocol.WebSocketSettings;
import io.github.realtimespring.webflux.ClientScriptHandler;
import io.github.realtimespring.webflux.ConnectionIdArgumentResolver;
import io.github.realtimespring.webflux.EventStreamWriter;
import io.github.realtimespring.webflux.InfoHandler;
import io.github.realtimespring.webflux.NettyEventStreamWriter;
import io.github.realtimespring.webflux.NettyUpgrade;
import io.github.realtimespring.webflux.NodeCookieHandler;
import io.github.realtimespring.webflux.RealtimeEventStreamHandler;
import io.github.realtimespring.webflux.RealtimeHandlerMapping;
import io.github.realtimespring.webflux.RealtimePollHandler;
import io.github.realtimespring.webflux.RealtimeSendHandler;
import io.github.realtimespring.webflux.RealtimeWebSocketHandler;
import io.github.realtimespring.webflux.ResponseEventStreamWriter;
import io.github.realtimespring.webflux.RoomStreamResultHandler;
import io.github.realtimespring.webflux.SessionUpgrade;
import io.github.realtimespring.webflux.WebSessionConnections;
import io.github.realtimespring.webflux.WebSocketLoops;
import io.github.realtimespring.webflux.WebSocketUpgrade;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
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
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import org.springframework.web.reactive.result.method.annotation.ArgumentResolverConfigurer;
import org.springframework.web.reactive.socket.server.WebSocketService;
import org.springframework.web.reactive.socket.server.support.HandshakeWebSocketService;
import org.springframework.web.server.WebHandler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServer;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the transports on
 * WebFlux.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = {RealtimeAutoConfiguration.class, RealtimeSecurityAutoConfiguration.class},
        afterName = "org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration")
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass(DispatcherHandler.class)
@ConditionalOnBean(ProtocolSessions.class)
@ImportRuntimeHints(ClientResourceHints.class)
public final class RealtimeWebFluxAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean
    WebSessionConnections realtimeWebSessionConnections() {
        return new WebSessionConnections();
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeHandlerMapping realtimeHandlerMapping(
            RealtimeProperties properties,
            RealtimeSettings settings,
            ServerInfo info,
            ObjectProvider<RealtimeWebSocketHandler> webSocket,
            ObjectProvider<RealtimeEventStreamHandler> eventStreams,
            ObjectProvider<RealtimePollHandler> polls,
            ObjectProvider<RealtimeSendHandler> sends) {
        Map<String, WebHandler> handlers = new LinkedHashMap<>();
        webSocket.ifAvailable(handler -> handlers.put("/ws", handler));
        eventStreams.ifAvailable(handler -> handlers.put("/sse", handler));
        polls.ifAvailable(handler -> handlers.put("/poll", handler));
        sends.ifAvailable(handler -> handlers.put("/send", handler));
        handlers.put("/info", new InfoHandler(info));
        if (properties.client().serve()) {
            handlers.put("/client/realtime.js", new ClientScriptHandler(new ClientScript()));
        }
        SessionConfiguration.nodeCookie(properties, settings)
                .ifPresent(cookie -> handlers.replaceAll((path, handler) -> new NodeCookieHandler(cookie, handler)));
        RealtimeHandlerMapping mapping = new RealtimeHandlerMapping(properties.basePath(), handlers);
        mapping.allow(properties.websocket().allowedOrigins());
        return mapping;
    }

    @Bean
    WebFluxConfigurer realtimeConnectionIds() {
        return new WebFluxConfigurer() {
            @Override
            public void configureArgumentResolvers(ArgumentResolverConfigurer configurer) {
                configurer.addCustomResolver(new ConnectionIdArgumentResolver());
            }
        };
    }

    @Bean
    @ConditionalOnMissingBean
    ReactiveBasePathCheck realtimeBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        return new ReactiveBasePathCheck(context, mapping);
    }

    /** Where Reactor Netty is there; whether it is the server, each request tells. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HttpServer.class, Channel.class})
    static class Netty {

        @Bean
        @ConditionalOnMissingBean
        WebSocketLoops realtimeWebSocketLoops() {
            return new WebSocketLoops();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(WebSocketService.class)
    @ConditionalOnBooleanProperty(name = "realtime.transports.websocket.enabled", matchIfMissing = true)
    @Import(WebSocketConfiguration.class)
    static class WebSockets {

        @Bean
        @ConditionalOnMissingBean
        RealtimeWebSocketHandler realtimeWebSocketHandler(
                Handshakes handshakes,
                ProtocolSessions sessions,
                WebSocketSettings settings,
                WebSocketUpgrade upgrade,
                WebSessionConnections webSessions,
                HandlerThreads threads) {
            return new RealtimeWebSocketHandler(
                    handshakes, sessions, settings, upgrade, webSessions, threads.executor());
        }

        @Configuration(proxyBeanMethods = false)
        @ConditionalOnClass({HttpServer.class, Channel.class})
        static class OnNetty {

            @Bean
            @ConditionalOnMissingBean(WebSocketUpgrade.class)
            NettyUpgrade realtimeWebSocketUpgrade(WebSocketLoops loops, ObjectProvider<WebSocketService> service) {
                return new NettyUpgrade(loops, new SessionUpgrade(service.getIfUnique(HandshakeWebSocketService::new)));
            }
        }

        @Configuration(proxyBeanMethods = false)
        @ConditionalOnMissingClass("reactor.netty.http.server.HttpServer")
        static class OnOthers {

            @Bean
            @ConditionalOnMissingBean(WebSocketUpgrade.class)
            SessionUpgrade realtimeWebSocketUpgrade(ObjectProvider<WebSocketService> service) {
                return new SessionUpgrade(service.getIfUnique(HandshakeWebSocketService::new));
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = "realtime.transports.sse.enabled", matchIfMissing = true)
    @Import(EventStreamConfiguration.class)
    static class Sse {

        @Bean
        @ConditionalOnMissingBean
        RealtimeEventStreamHandler realtimeEventStreamHandler(
                Handshakes handshakes,
                EventStreams streams,
                EventStreamWriter writer,
                WebSessionConnections webSessions,
                HandlerThreads threads) {
            return new RealtimeEventStreamHandler(handshakes, streams, writer, webSessions, threads.executor());
        }

        @Bean
        @ConditionalOnMissingBean
        RoomStreamResultHandler realtimeRoomStreamResultHandler(
                RealtimeEventStreamHandler handler, EventStreams streams) {
            return new RoomStreamResultHandler(handler, streams);
        }

        @Configuration(proxyBeanMethods = false)
        @ConditionalOnClass({HttpServer.class, Channel.class})
        static class OnNetty {

            @Bean
            @ConditionalOnMissingBean(EventStreamWriter.class)
            NettyEventStreamWriter realtimeEventStreamWriter(WebSocketLoops loops) {
                return new NettyEventStreamWriter(loops, new ResponseEventStreamWriter());
            }
        }

        @Configuration(proxyBeanMethods = false)
        @ConditionalOnMissingClass("reactor.netty.http.server.HttpServer")
        static class OnOthers {

            @Bean
            @ConditionalOnMissingBean(EventStreamWriter.class)
            ResponseEventStreamWriter realtimeEventStreamWriter() {
                return new ResponseEventStreamWriter();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = "realtime.transports.long-poll.enabled", matchIfMissing = true)
    @Import(LongPollConfiguration.class)
    static class LongPoll {

        @Bean
        @ConditionalOnMissingBean
        Polls realtimePolls(ProtocolSessions sessions, RealtimeProperties properties) {
            // Threads that never wait.
            Executor turns = Schedulers.parallel()::schedule;
            RealtimeProperties.LongPoll longPoll = properties.transports().longPoll();
            return new Polls(sessions, longPoll.maxWait(), longPoll.spacing(), turns);
        }

        @Bean
        @ConditionalOnMissingBean
        RealtimePollHandler realtimePollHandler(
                Handshakes handshakes,
                Polls polls,
                WebSessionConnections webSessions,
                QueueLimits queue,
                HandlerThreads threads) {
            return new RealtimePollHandler(handshakes, polls, webSessions, queue.sendTimeout(), threads.executor());
        }
    }

    /** Where there are clients that get events in another way than over a WebSocket. */
    @Configuration(proxyBeanMethods = false)
    @Conditional(OnHttpTransport.class)
    @Import(SendConfiguration.class)
    static class Send {

        /** What a client may take for its body on top of what the handler may take. */
        private static final Duration BODY = Duration.ofSeconds(30);

        @Bean
        @ConditionalOnMissingBean
        RealtimeSendHandler realtimeSendHandler(
                Handshakes handshakes,
                Sends sends,
                ProtocolSettings settings,
                QueueLimits queue,
                HandlerThreads threads) {
            Duration timeout = settings.handlerTimeout().plus(BODY);
            return new RealtimeSendHandler(handshakes, sends, timeout, queue.sendTimeout(), threads.executor());
        }
    }
}
