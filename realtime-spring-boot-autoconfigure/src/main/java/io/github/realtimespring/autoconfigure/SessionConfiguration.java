package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.DrainAction;
import io.github.realtimespring.protocol.DrainListener;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.protocol.NodeCookie;
import io.github.realtimespring.protocol.OriginPolicy;
import io.github.realtimespring.protocol.PresenceCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ProtocolSettings;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.Rebalance;
import io.github.realtimespring.protocol.ServerInfo;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.StringUtils;

/** Protocol sessions, which every transport shares, and their lifecycle. */
@Configuration(proxyBeanMethods = false)
class SessionConfiguration {

    private static final Logger logger = LoggerFactory.getLogger(SessionConfiguration.class);

    @Bean
    @ConditionalOnMissingBean
    ProtocolSettings realtimeProtocolSettings(
            RealtimeProperties properties, RealtimeSettings settings, QueueLimits queue, DuplicatePolicy duplicates) {
        return new ProtocolSettings(
                properties.inbound().rate(),
                properties.inbound().burst(),
                properties.inbound().mailbox(),
                properties.inbound().jsonMaxDepth(),
                (int) properties.websocket().maxFrameSize().toBytes(),
                properties.inbound().firstJoinTimeout(),
                properties.handler().timeout(),
                properties.rooms().maxPerConnection(),
                settings.maxMembers(),
                properties.heartbeat().interval(),
                properties.heartbeat().timeout(),
                ProtocolSettings.DEFAULTS.reconnectMin(),
                ProtocolSettings.DEFAULTS.reconnectMax(),
                properties.session().window(),
                queue,
                duplicates,
                properties.presence().enabled());
    }

    @Bean
    @ConditionalOnMissingBean
    ProtocolSessions realtimeSessions(
            RoomRegistry registry,
            ConnectionRegistry connections,
            RoomService rooms,
            PresenceService presence,
            ReplaySource replays,
            Places places,
            ObjectProvider<PresenceCustomizer> members,
            RoomHandlers handlers,
            RealtimeTemplate template,
            JsonFrames frames,
            ProtocolSettings settings,
            HandlerThreads threads,
            ObjectProvider<RealtimeTokenAuthenticator> authenticator,
            ObjectProvider<ConnectionListener> connectionListeners,
            ObjectProvider<SessionListener> sessionListeners,
            ObjectProvider<IdempotencyStore> idempotencyStore,
            ObjectProvider<InstantSource> clock) {
        // The room service hears of connections from the sessions themselves.
        List<ConnectionListener> others = connectionListeners
                .orderedStream()
                .filter(listener -> listener != rooms)
                .toList();
        return new ProtocolSessions(
                new ProtocolSessions.Engine(
                        registry, connections, rooms, presence, replays, places, members.getIfAvailable()),
                handlers,
                template,
                frames,
                settings,
                authenticator.getIfAvailable(),
                ConnectionListener.all(others),
                Listeners.sessions(sessionListeners.orderedStream().toList()),
                new ProtocolSessions.Runtime(
                        threads.executor(), Ticker.SYSTEM, clock.getIfUnique(InstantSource::system)),
                idempotencyStore.getIfAvailable());
    }

    @Bean
    @ConditionalOnMissingBean
    OriginPolicy realtimeOriginPolicy(RealtimeProperties properties) {
        List<String> allowed = properties.websocket().allowedOrigins();
        try {
            return new OriginPolicy(allowed);
        } catch (IllegalArgumentException ex) {
            throw new InvalidConfigurationPropertyValueException(
                    "realtime.websocket.allowed-origins",
                    allowed,
                    "An origin is scheme, host and port only, such as 'https://app.example.com'.");
        }
    }

    @Bean
    @ConditionalOnMissingBean
    Handshakes realtimeHandshakes(
            ProtocolSessions sessions,
            OriginPolicy origins,
            ObjectProvider<RealtimeTokenAuthenticator> authenticator,
            ObjectProvider<TenantResolver> tenants,
            ObjectProvider<IdentityCustomizer> identities,
            ObjectProvider<HandshakeCustomizer> customizers) {
        return new Handshakes(
                sessions,
                origins,
                authenticator.getIfAvailable(),
                tenants.getIfAvailable(),
                identities.orderedStream().toList(),
                customizers.orderedStream().toList());
    }

    @Bean
    @ConditionalOnMissingBean
    ServerInfo realtimeServerInfo(ProtocolSettings protocol, ObjectProvider<TransportName> transports) {
        return new ServerInfo(
                protocol,
                transports.orderedStream().map(TransportName::protocolName).toList());
    }

    @Bean
    @ConditionalOnMissingBean
    Drain realtimeDrain(
            ProtocolSessions sessions,
            RealtimeProperties properties,
            ObjectProvider<DrainAction> actions,
            ObjectProvider<DrainListener> listeners) {
        List<DrainListener> all = listeners.orderedStream().toList();
        return new Drain(
                sessions,
                actions.orderedStream().toList(),
                properties.drain().spread(),
                properties.drain().timeout(),
                (step, remaining) -> tell(all, step, remaining));
    }

    /** Each of them, whatever another one does. */
    static void tell(List<DrainListener> listeners, Drain.Step step, int remaining) {
        for (DrainListener listener : listeners) {
            try {
                listener.step(step, remaining);
            } catch (RuntimeException ex) {
                logger.warn("Drain: {} failed at {}", listener.getClass().getName(), step, ex);
            }
        }
    }

    /** Empty without the property. */
    static Optional<NodeCookie> nodeCookie(RealtimeProperties properties, RealtimeSettings settings) {
        String name = properties.affinity().cookie();
        return StringUtils.hasLength(name)
                ? Optional.of(new NodeCookie(name, settings.nodeId(), properties.basePath()))
                : Optional.empty();
    }

    @Bean
    @ConditionalOnMissingBean
    Rebalance realtimeRebalance(ProtocolSessions sessions, RealtimeProperties properties) {
        return new Rebalance(sessions, properties.drain().spread());
    }

    @Bean
    @ConditionalOnMissingBean
    DrainReadiness realtimeDrainReadiness(ApplicationEventPublisher publisher) {
        return new DrainReadiness(publisher);
    }

    @Bean
    @ConditionalOnMissingBean
    EngineLifecycle realtimeEngineLifecycle(FanoutService fanout, Liveness liveness, ProtocolSessions sessions) {
        return new EngineLifecycle(fanout, liveness, sessions);
    }

    @Bean
    @ConditionalOnMissingBean
    DrainLifecycle realtimeDrainLifecycle(Drain drain, RealtimeProperties properties) {
        return new DrainLifecycle(drain, properties.drain().onShutdown());
    }

    @Bean
    @ConditionalOnMissingBean
    StartupLine realtimeStartupLine(
            ObjectProvider<TransportName> transports,
            RealtimeProperties properties,
            BackplaneAdapter backplane,
            RoomHandlers handlers,
            RealtimeSettings settings,
            QueueLimits queue) {
        return new StartupLine(
                transports.orderedStream().toList(),
                properties.basePath(),
                backplane,
                handlers,
                settings.nodeId(),
                queue);
    }
}
