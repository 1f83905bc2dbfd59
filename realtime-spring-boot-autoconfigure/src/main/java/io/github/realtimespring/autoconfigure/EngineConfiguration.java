package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.actuate.RoomPatterns;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.connection.ConnectionWarnings;
import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.RecipientCustomizer;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.fanout.RoomPolicy;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomListener;
import io.github.realtimespring.room.RoomService;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Fallback;
import org.springframework.core.io.ResourceLoader;
import tools.jackson.databind.json.JsonMapper;

/** The engine: registries, queues, fanout, and the backplane of one node. */
@Configuration(proxyBeanMethods = false)
class EngineConfiguration {

    @Bean
    @ConditionalOnMissingBean
    QueueLimits realtimeQueueLimits(RealtimeSettings settings, ObjectProvider<QueueLimitsCustomizer> customizers) {
        return customizers
                .orderedStream()
                .reduce(settings.queue(), (limits, customizer) -> customizer.customize(limits), (a, b) -> b);
    }

    @Bean
    @ConditionalOnMissingBean
    FanoutSettings realtimeFanoutSettings(
            RealtimeSettings settings, ObjectProvider<FanoutSettingsCustomizer> customizers) {
        return customizers
                .orderedStream()
                .reduce(settings.fanout(), (fanout, customizer) -> customizer.customize(fanout), (a, b) -> b);
    }

    @Bean
    @ConditionalOnMissingBean
    DuplicatePolicy realtimeDuplicatePolicy(RealtimeSettings settings) {
        return settings.duplicates();
    }

    @Bean
    @ConditionalOnMissingBean
    RoomRegistry realtimeRoomRegistry() {
        return new RoomRegistry();
    }

    @Bean
    @ConditionalOnMissingBean
    ConnectionRegistry realtimeConnectionRegistry(RoomRegistry rooms, RealtimeSettings settings) {
        return new ConnectionRegistry(rooms, settings.maxConnections(), settings.maxPerUser());
    }

    @Bean
    @ConditionalOnMissingBean(History.class)
    MemoryStreams realtimeHistory(RealtimeSettings settings) {
        return new MemoryStreams(settings.history(), Ticker.SYSTEM);
    }

    @Bean
    @ConditionalOnMissingBean
    BackplaneAdapter realtimeBackplane(
            RealtimeProperties properties,
            RealtimeSettings settings,
            ObjectProvider<MemoryStreams> streams,
            ResourceLoader resources) {
        RealtimeProperties.BackplaneType type = properties.backplane().type();
        if (type != RealtimeProperties.BackplaneType.LOCAL) {
            throw UnusableBackplaneException.notAvailable(type, resources.getClassLoader());
        }
        return new LocalBackplane(streams.getIfAvailable(() -> new MemoryStreams(settings.history(), Ticker.SYSTEM)));
    }

    @Bean
    @ConditionalOnMissingBean
    RoomService realtimeRoomService(
            RoomRegistry rooms,
            ConnectionRegistry connections,
            BackplaneAdapter backplane,
            History history,
            RealtimeProperties properties,
            ObjectProvider<RoomListener> listeners) {
        RoomService service = new RoomService(
                rooms, connections, backplane, history, properties.history().recoveryLimit());
        listeners.orderedStream().forEach(service::listen);
        return service;
    }

    @Bean
    @ConditionalOnMissingBean
    PayloadJson realtimePayloadJson(
            ObjectProvider<JsonMapper> mappers, ObjectProvider<RealtimeJsonMapperCustomizer> customizers) {
        JsonMapper.Builder builder =
                mappers.getIfAvailable(() -> JsonMapper.builder().build()).rebuild();
        customizers.orderedStream().forEach(customizer -> customizer.customize(builder));
        return new PayloadJson(builder.build());
    }

    /** An encoder of the application's own is used for events; control frames stay as the protocol has them. */
    @Bean
    @Fallback
    @ConditionalOnMissingBean
    JsonFrames realtimeJsonFrames(PayloadJson json) {
        return new JsonFrames(json.mapper());
    }

    @Bean
    @ConditionalOnMissingBean
    RoomPatterns realtimeRoomPatterns(ObjectProvider<RoomHandlers> handlers) {
        return new RoomPatterns(handlers::getIfAvailable);
    }

    @Bean
    @ConditionalOnMissingBean
    LocalFanout realtimeLocalFanout(
            RoomRegistry rooms,
            EventEncoder encoder,
            JsonFrames frames,
            ObjectProvider<RecipientCustomizer> customizer,
            FanoutSettings settings,
            ObjectProvider<FanoutListener> listeners) {
        return new LocalFanout(
                rooms,
                PresenceConfiguration.encoder(encoder, frames),
                customizer.getIfAvailable(),
                settings,
                FanoutListener.all(listeners.orderedStream().toList()),
                Ticker.SYSTEM);
    }

    @Bean
    @ConditionalOnMissingBean(ReplaySource.class)
    Replayer realtimeReplayer(
            History history,
            RoomRegistry rooms,
            EventEncoder encoder,
            ObjectProvider<RecipientCustomizer> customizer,
            FanoutSettings settings) {
        return new Replayer(history, rooms, encoder, customizer.getIfAvailable(), settings.parallelism());
    }

    @Bean
    @ConditionalOnMissingBean
    FanoutService realtimeFanoutService(
            LocalFanout local,
            BackplaneAdapter backplane,
            History history,
            ConnectionRegistry connections,
            RoomPatterns patterns,
            RealtimeSettings settings,
            RealtimeProperties properties,
            ObjectProvider<FanoutListener> listeners) {
        Map<String, RoomPolicy> policies = settings.policies();
        RealtimeProperties.Dedupe dedupe = properties.backplane().dedupe();
        return new FanoutService(
                settings.origin(),
                local,
                backplane,
                history,
                connections,
                key -> policies.isEmpty() || key.kind() != RoutingKey.Kind.ROOM
                        ? null
                        : policies.get(patterns.pattern(key)),
                FanoutListener.all(listeners.orderedStream().toList()),
                dedupe.size(),
                dedupe.ttl(),
                Ticker.SYSTEM);
    }

    @Bean
    @ConditionalOnMissingBean
    ConnectionWarnings realtimeConnectionWarnings() {
        return new ConnectionWarnings(Ticker.SYSTEM);
    }

    @Bean
    @ConditionalOnMissingBean
    Liveness realtimeLiveness(ConnectionRegistry connections, RealtimeProperties properties) {
        RealtimeProperties.Heartbeat heartbeat = properties.heartbeat();
        return new Liveness(connections, heartbeat.interval(), heartbeat.timeout(), Ticker.SYSTEM);
    }
}
