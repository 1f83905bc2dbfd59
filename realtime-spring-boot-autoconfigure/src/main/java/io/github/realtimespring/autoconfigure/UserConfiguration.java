package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.MemoryPlaceStore;
import io.github.realtimespring.registry.PlaceListener;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.room.UserService;
import java.time.Duration;
import java.util.List;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What is about users rather than connections: on every node, as far as the backplane and the store reach. */
@Configuration(proxyBeanMethods = false)
class UserConfiguration {

    /** A first frame comes with the connection or right behind it. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    @Bean
    @ConditionalOnMissingBean
    UserService realtimeUserService(ConnectionRegistry connections, RoomService rooms, BackplaneAdapter backplane) {
        return new UserService(connections, rooms, backplane);
    }

    @Bean
    @ConditionalOnMissingBean
    PlaceStore realtimePlaceStore() {
        return new MemoryPlaceStore();
    }

    @Bean
    @ConditionalOnMissingBean
    Places realtimePlaces(
            PlaceStore store,
            UserService users,
            RealtimeSettings settings,
            RealtimeProperties properties,
            ObjectProvider<PlaceListener> listeners) {
        List<PlaceListener> all = listeners.orderedStream().toList();
        return new Places(
                store,
                settings.origin(),
                store.isLeased() ? properties.store().renewal() : null,
                PATIENCE,
                users::superseded,
                (change, places) -> all.forEach(listener -> listener.changed(change, places)));
    }
}
