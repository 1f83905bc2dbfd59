package io.github.realtimespring.test.kafka;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.kafka.KafkaBroker;
import io.github.realtimespring.kafka.KafkaBrokerSettings;
import io.github.realtimespring.kafka.KafkaClients;
import io.github.realtimespring.test.backplane.RecordingListener;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Nodes on a Kafka, and what tests do with them. */
final class KafkaNodes {

    static final int PARTITIONS = 3;

    private KafkaNodes() {}

    static KafkaBrokerSettings settings(String application, String topic, boolean sharded) {
        return new KafkaBrokerSettings(
                application, topic, PARTITIONS, null, sharded, Duration.ofSeconds(2), HistoryLimits.DEFAULTS);
    }

    static KafkaClients clients(KafkaServer server) {
        return new KafkaClients(server.properties(), server.properties(), server.properties());
    }

    static KafkaBroker broker(KafkaServer server, KafkaBrokerSettings settings) {
        KafkaBroker broker = new KafkaBroker(settings, clients(server));
        broker.check();
        return broker;
    }

    static BrokerBackplane backplane(
            KafkaBroker broker,
            String origin,
            String application,
            byte @Nullable [] secret,
            BackplaneObserver observer) {
        return new BrokerBackplane(
                broker,
                origin,
                "node",
                new BrokerBackplane.Application(application, secret, DeliveryClass::of, json -> json.length < 1000),
                BackplaneSettings.DEFAULTS,
                observer,
                Ticker.SYSTEM);
    }

    /** A node that has started, and what it has seen. */
    static final class Node implements AutoCloseable, BackplaneObserver {

        final String origin = EventId.next(System.currentTimeMillis());
        final KafkaBroker broker;
        final BrokerBackplane backplane;
        final RecordingListener listener = new RecordingListener();
        final List<BackplaneStatus> statuses = new CopyOnWriteArrayList<>();
        private final Map<Received, AtomicLong> received = new ConcurrentHashMap<>();

        Node(KafkaServer server, KafkaBrokerSettings settings, byte @Nullable [] secret) {
            this.broker = KafkaNodes.broker(server, settings);
            this.backplane = backplane(this.broker, this.origin, settings.application(), secret, this);
            this.backplane.start(this.listener);
        }

        Node join(RoutingKey key) {
            this.listener.need(key);
            get(this.backplane.subscribe(key));
            return this;
        }

        CompletionStage<Published> publish(RoutingKey key, int number, DeliveryClass delivery) {
            Event event = Event.of(key, "test.event", Payload.ofJson(Integer.toString(number)), delivery);
            return publish(event);
        }

        CompletionStage<Published> publish(Event event) {
            return this.backplane.publish(new BackplaneMessage(this.origin, event));
        }

        List<String> data() {
            return this.listener.events().stream()
                    .map(event -> new String(event.payload().bytes(), StandardCharsets.UTF_8))
                    .toList();
        }

        boolean isUp() {
            return this.backplane.status().readable() && this.backplane.status().writable();
        }

        long count(Received result) {
            AtomicLong count = this.received.get(result);
            return count == null ? 0 : count.get();
        }

        @Override
        public void received(Received result) {
            this.received.computeIfAbsent(result, none -> new AtomicLong()).incrementAndGet();
        }

        @Override
        public void statusChanged(BackplaneStatus status) {
            this.statuses.add(status);
        }

        @Override
        public void close() {
            this.backplane.close();
        }
    }

    static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }
}
