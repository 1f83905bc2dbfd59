package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.handler.RoomHandlers;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Whether an application that is meant to have several nodes has a backplane between them. Nobody can know of an event
 * that is sent from elsewhere than a handler and is in no property; of those the warning tells.
 */
final class NodesCheck implements SmartInitializingSingleton {

    private static final Logger logger = LoggerFactory.getLogger("io.github.realtimespring.Realtime");

    private final RealtimeProperties properties;
    private final BackplaneAdapter backplane;
    private final RoomHandlers handlers;

    NodesCheck(RealtimeProperties properties, BackplaneAdapter backplane, RoomHandlers handlers) {
        this.properties = properties;
        this.backplane = backplane;
        this.handlers = handlers;
    }

    @Override
    public void afterSingletonsInstantiated() {
        int nodes = this.properties.nodes();
        if (nodes == 1 || !(this.backplane instanceof LocalBackplane)) {
            return;
        }
        critical().ifPresent(what -> {
            throw UnusableBackplaneException.manyNodes(nodes, what);
        });
        logger.warn(
                "realtime.nodes is {}, and the backplane is 'local', which serves one node: events reach members of the node"
                        + " that they are published on, and no others",
                nodes);
    }

    private Optional<String> critical() {
        if (this.properties.rooms().defaultDelivery() == Delivery.CRITICAL) {
            return Optional.of("realtime.rooms.default-delivery");
        }
        return this.properties.events().entrySet().stream()
                .filter(event -> event.getValue().delivery() == Delivery.CRITICAL)
                .map(Map.Entry::getKey)
                .findFirst()
                .or(() -> this.handlers.describe().stream()
                        .filter(handler -> Delivery.CRITICAL.wireName().equals(handler.delivery()))
                        .map(handler -> String.valueOf(handler.broadcast()))
                        .findFirst())
                .map(event -> "event '" + event + "'");
    }
}
