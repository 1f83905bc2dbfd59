package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceCodec;
import io.github.realtimespring.presence.PresenceObserver;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceSettings;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.protocol.DrainListener;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.ShardRouter;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Who is in a room, on all nodes that share a store. */
@Configuration(proxyBeanMethods = false)
class PresenceConfiguration {

    @Bean
    @ConditionalOnMissingBean
    PresenceStore realtimePresenceStore() {
        return new MemoryPresenceStore(Ticker.SYSTEM);
    }

    /** Nodes that own everything, each for itself, have nothing to tell each other. */
    @Bean
    @ConditionalOnMissingBean
    PresenceSettings realtimePresenceSettings(RealtimeProperties properties, ShardRouter router, PresenceStore store) {
        RealtimeProperties.Presence presence = properties.presence();
        return new PresenceSettings(
                presence.debounce(),
                presence.grace(),
                presence.lease(),
                presence.maxListed(),
                (int) presence.maxData().toBytes(),
                presence.enabled(),
                !(router instanceof LocalShardRouter));
    }

    @Bean
    @ConditionalOnMissingBean
    PresenceService realtimePresenceService(
            RealtimeSettings settings,
            RoomRegistry registry,
            ConnectionRegistry connections,
            RoomService rooms,
            LocalFanout local,
            FanoutService fanout,
            BackplaneAdapter backplane,
            ShardRouter router,
            PresenceStore store,
            PresenceCodec codec,
            PresenceSettings presence,
            ObjectProvider<PresenceObserver> observers) {
        return new PresenceService(
                new PresenceService.Engine(settings.origin(), registry, connections, rooms, local, fanout, backplane),
                router,
                store,
                codec,
                presence,
                PresenceObserver.all(observers.orderedStream().toList()),
                Ticker.SYSTEM);
    }

    @Bean
    PresenceLifecycle realtimePresenceLifecycle(PresenceService presence) {
        return new PresenceLifecycle(presence);
    }

    /** Behind the last close: users who are back on another node in time never left. */
    @Bean
    DrainListener realtimePresenceDrain(PresenceService presence) {
        return (step, remaining) -> {
            switch (step) {
                case DRAINED -> presence.leaving();
                case RESUMED -> presence.staying();
                default -> {}
            }
        };
    }

    /** Events as the application encodes them, and the frames of presence as the protocol has them. */
    static EventEncoder encoder(EventEncoder events, JsonFrames frames) {
        if (events == frames) {
            return frames;
        }
        return new EventEncoder() {
            @Override
            public byte[] encode(Event event, WireFormat format) {
                boolean presence = event.key().kind() == RoutingKey.Kind.PRESENCE;
                return (presence ? frames : events).encode(event, format);
            }

            @Override
            public Payload payload(Object data) {
                return events.payload(data);
            }

            @Override
            public Object data(Payload payload) {
                return events.data(payload);
            }
        };
    }
}
