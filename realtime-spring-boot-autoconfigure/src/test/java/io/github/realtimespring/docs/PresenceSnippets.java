package io.github.realtimespring.docs;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.presence.UserPresence;
import io.github.realtimespring.protocol.PresenceCustomizer;
import java.util.concurrent.CompletionStage;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What docs/presence.md shows. */
@Configuration(proxyBeanMethods = false)
class PresenceSnippets {

    record Person(String name, String picture) {}

    interface People {

        @Nullable
        Person find(@Nullable String user);
    }

    // region data
    @Bean
    PresenceCustomizer nameAndPicture(People people) {
        return (connection, room, join) -> people.find(connection.user());
    }
    // endregion

    static final class Dashboard {

        private final PresenceService presence;

        Dashboard(PresenceService presence) {
            this.presence = presence;
        }

        // region service
        CompletionStage<Integer> usersIn(String room) {
            return this.presence.members(RoutingKey.room(room)).thenApply(RoomPresence::count);
        }

        CompletionStage<Boolean> isOnline(String user) {
            return this.presence
                    .user(RoutingKey.user(user))
                    .thenApply(UserPresence::state)
                    .thenApply(PresenceState.ONLINE::equals);
        }

        PresenceService.Watch follow(String room, IntConsumer gauge) {
            return this.presence.watch(RoutingKey.room(room), now -> gauge.accept(now.count()));
        }
        // endregion
    }
}
