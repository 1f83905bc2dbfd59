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
import io.github.realtimespring.webmvc.ClientScriptHandler;
import io.github.realtimespring.webmvc.ConnectionIdArgumentResolver;
import io.github.realtimespring.webmvc.HttpSessionConnections;
import io.github.realtimespring.webmvc.InfoHandler;
import io.github.realtimespring.webmvc.NodeCookieInterceptor;
import io.github.realtimespring.webmvc.RealtimeEventStreamHandler;
import io.github.realtimespring.webmvc.RealtimeHandlerMapping;
import io.github.realtimespring.webmvc.RealtimePollHandler;
import io.github.realtimespring.webmvc.RealtimeSendHandler;
import io.github.realtimespring.webmvc.RealtimeWebSocketHandler;
import io.github.realtimespring.webmvc.RoomStreamReturnValueHandler;
import io.github.realtimespring.webmvc.WebSocketThreads;
import jakarta.websocket.server.ServerContainer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.web.HttpRequestHandler;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the transports on
 * servlet containers.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = {RealtimeAutoConfiguration.class, RealtimeSecurityAutoConfiguration.class},
        afterName = "org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration")
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnClass(DispatcherServlet.class)
@ConditionalOnBean(ProtocolSessions.class)
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
    RealtimeHandlerMapping realtimeHandlerMapping(
            RealtimeProperties properties,
            RealtimeSettings settings,
            ServerInfo info,
            ObjectProvider<RealtimeWebSocketHandler> webSocket,
            ObjectProvider<RealtimeEventStreamHandler> eventStreams,
            ObjectProvider<RealtimePollHandler> polls,
            ObjectProvider<RealtimeSendHandler> sends) {
        Map<String, HttpRequestHandler> handlers = new LinkedHashMap<>();
        webSocket.ifAvailable(handler -> handlers.put("/ws", handler));
        eventStreams.ifAvailable(handler -> handlers.put("/sse", handler));
        polls.ifAvailable(handler -> handlers.put("/poll", handler));
        sends.ifAvailable(handler -> handlers.put("/send", handler));
        handlers.put("/info", new InfoHandler(info));
        if (properties.client().serve()) {
            handlers.put("/client/realtime.js", new ClientScriptHandler(new ClientScript()));
        }
        RealtimeHandlerMapping mapping = new RealtimeHandlerMapping(properties.basePath(), handlers);
        mapping.allow(properties.websocket().allowedOrigins());
        SessionConfiguration.nodeCookie(properties, settings)
                .ifPresent(cookie -> mapping.setInterceptors(new NodeCookieInterceptor(cookie)));
        return mapping;
    }

    @Bean
    WebMvcConfigurer realtimeConnectionIds() {
        return new WebMvcConfigurer() {
            @Override
            public void addArgumentResolvers(List<HandlerMethodArgumentResolver> resolvers) {
                resolvers.add(new ConnectionIdArgumentResolver());
            }
        };
    }

    @Bean
    @ConditionalOnMissingBean
    BasePathCheck realtimeBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        return new BasePathCheck(context, mapping);
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ServerContainer.class)
    @ConditionalOnBooleanProperty(name = "realtime.transports.websocket.enabled", matchIfMissing = true)
    @Import(WebSocketConfiguration.class)
    static class WebSockets {

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
                WebSocketThreads threads,
                HttpSessionConnections httpSessions) {
            return new RealtimeEventStreamHandler(handshakes, streams, threads, httpSessions);
        }

        @Bean
        SmartInitializingSingleton realtimeRoomStreams(
                ObjectProvider<RequestMappingHandlerAdapter> adapters,
                RealtimeEventStreamHandler handler,
                EventStreams streams) {
            RoomStreamReturnValueHandler values = new RoomStreamReturnValueHandler(handler, streams);
            return () -> adapters.forEach(values::addTo);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBooleanProperty(name = "realtime.transports.long-poll.enabled", matchIfMissing = true)
    @Import(LongPollConfiguration.class)
    static class LongPoll {

        @Bean
        @ConditionalOnMissingBean
        Polls realtimePolls(ProtocolSessions sessions, RealtimeProperties properties, WebSocketThreads threads) {
            RealtimeProperties.LongPoll longPoll = properties.transports().longPoll();
            return new Polls(sessions, longPoll.maxWait(), longPoll.spacing(), threads.executor());
        }

        @Bean
        @ConditionalOnMissingBean
        RealtimePollHandler realtimePollHandler(
                Handshakes handshakes,
                Polls polls,
                WebSocketThreads threads,
                HttpSessionConnections httpSessions,
                QueueLimits queue) {
            return new RealtimePollHandler(handshakes, polls, threads, httpSessions, queue.sendTimeout());
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
                WebSocketThreads threads,
                ProtocolSettings settings,
                QueueLimits queue) {
            Duration timeout = settings.handlerTimeout().plus(BODY);
            return new RealtimeSendHandler(handshakes, sends, threads, timeout, queue.sendTimeout());
        }
    }
}
