package io.github.realtimespring.test.redis;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisSettings;
import io.github.realtimespring.test.backplane.RecordingListener;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** The backplane of one node on a Redis server, with a listener that keeps what it gets. */
final class RedisNode implements AutoCloseable {

    static final Duration PUBLISH_TIMEOUT = Duration.ofSeconds(2);

    /** Threads that all nodes of the tests share, as an application's clients do. */
    private static final ClientResources RESOURCES = DefaultClientResources.create();

    final String origin = EventId.next(System.currentTimeMillis());
    final Counts counts = new Counts();
    final RecordingListener listener = new RecordingListener();
    final RedisBroker broker;
    final BrokerBackplane backplane;

    RedisNode(LettuceConnectionFactory factory, String application, byte @Nullable [] secret, Duration beacon) {
        this(factory, settings(application), secret, beacon);
    }

    RedisNode(LettuceConnectionFactory factory, RedisSettings settings, byte @Nullable [] secret, Duration beacon) {
        BackplaneSettings defaults = BackplaneSettings.DEFAULTS;
        String application = settings.application();
        this.broker = new RedisBroker(factory, settings);
        this.backplane = new BrokerBackplane(
                this.broker,
                this.origin,
                "node",
                new BrokerBackplane.Application(application, secret, DeliveryClass::of, json -> true),
                new BackplaneSettings(
                        defaults.maxInFlight(),
                        defaults.maxEnvelopeBytes(),
                        beacon,
                        defaults.linger(),
                        defaults.maxReads()),
                this.counts,
                Ticker.SYSTEM);
    }

    static RedisSettings settings(String application) {
        return RedisSettings.of(application, PUBLISH_TIMEOUT, 1000, Duration.ofMinutes(5));
    }

    /** A node of a cluster that has started and can read and write; its beacons are five a second. */
    static RedisNode start(RedisCluster cluster, RedisSettings settings) {
        RedisNode node = new RedisNode(cluster.factory(), settings, null, Duration.ofMillis(200));
        node.backplane.start(node.listener);
        node.awaitStatus(true);
        return node;
    }

    /** A node that has started and can read and write. */
    static RedisNode start(RedisServer server, String application) {
        return start(server, application, null);
    }

    static RedisNode start(RedisServer server, String application, byte @Nullable [] secret) {
        return start(factory(server), application, secret);
    }

    static RedisNode start(LettuceConnectionFactory factory, String application, byte @Nullable [] secret) {
        RedisNode node = new RedisNode(factory, application, secret, BackplaneSettings.DEFAULTS.beacon());
        node.backplane.start(node.listener);
        node.awaitStatus(true);
        return node;
    }

    static LettuceConnectionFactory factory(RedisServer server) {
        return new LettuceConnectionFactory(new RedisStandaloneConfiguration(server.host(), server.port()), client());
    }

    static LettuceClientConfiguration client() {
        return LettuceClientConfiguration.builder().clientResources(RESOURCES).build();
    }

    void awaitStatus(boolean good) {
        await().atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(10))
                .until(() -> this.backplane.status().readable() == good
                        && this.backplane.status().writable() == good);
    }

    RedisNode join(RoutingKey key) {
        this.listener.need(key);
        get(this.backplane.subscribe(key));
        return this;
    }

    CompletionStage<Published> publish(RoutingKey key, Delivery delivery, String data) {
        return publish(Event.of(key, "test.event", Payload.ofJson(data), DeliveryClass.of(delivery)));
    }

    CompletionStage<Published> publish(Event event) {
        return this.backplane.publish(new BackplaneMessage(this.origin, event));
    }

    /** What came for a key, in order. */
    List<String> data(RoutingKey key) {
        return this.listener.events().stream()
                .filter(event -> event.key().equals(key))
                .map(event -> new String(event.payload().bytes(), StandardCharsets.UTF_8))
                .toList();
    }

    static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        this.backplane.close();
    }

    /** What the meters would say. */
    static final class Counts implements BackplaneObserver {

        private final Map<Received, Long> received = new EnumMap<>(Received.class);
        private final AtomicLong lost = new AtomicLong();
        private final AtomicLong unknownLosses = new AtomicLong();
        private final AtomicLong reconnects = new AtomicLong();

        @Override
        public synchronized void received(Received result) {
            this.received.merge(result, 1L, Long::sum);
        }

        synchronized long of(Received result) {
            return this.received.getOrDefault(result, 0L);
        }

        @Override
        public void lost(RoutingKey key, long events) {
            if (events < 0) {
                this.unknownLosses.incrementAndGet();
            } else {
                this.lost.addAndGet(events);
            }
        }

        @Override
        public void reconnected() {
            this.reconnects.incrementAndGet();
        }

        long lost() {
            return this.lost.get();
        }

        long unknownLosses() {
            return this.unknownLosses.get();
        }

        long reconnects() {
            return this.reconnects.get();
        }
    }
}
