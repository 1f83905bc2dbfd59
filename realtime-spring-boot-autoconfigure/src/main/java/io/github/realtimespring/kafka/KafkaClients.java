package io.github.realtimespring.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Makes the clients of a {@link KafkaBroker} from an application's own settings: servers, security, sockets and whatever
 * else they say is kept. Set here is what the broker's promises depend on, and what belongs to the application's own
 * records, such as serializers, interceptors, groups and transactions, is left out: {@link Client#reserved} names both.
 *
 * @since 0.1.0
 */
public final class KafkaClients {

    /** One of the clients. */
    public enum Client {
        /** Writes everything. */
        PRODUCER(
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                ProducerConfig.INTERCEPTOR_CLASSES_CONFIG,
                ProducerConfig.PARTITIONER_CLASS_CONFIG,
                ProducerConfig.RETRIES_CONFIG,
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG,
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
                ProducerConfig.ACKS_CONFIG,
                ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION,
                ProducerConfig.LINGER_MS_CONFIG,
                ProducerConfig.MAX_BLOCK_MS_CONFIG,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG),
        /** Reads everything. */
        CONSUMER(
                ConsumerConfig.GROUP_ID_CONFIG,
                ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
                ConsumerConfig.GROUP_PROTOCOL_CONFIG,
                ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG,
                ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG,
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG,
                ConsumerConfig.FETCH_MIN_BYTES_CONFIG,
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG),
        /** Looks at the topic. */
        ADMIN(
                CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG,
                CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG,
                CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG);

        private final Set<String> reserved;

        Client(String... reserved) {
            this.reserved = Set.of(reserved);
        }

        /** The settings that are made here or have no place here, whatever the application's say. */
        public Set<String> reserved() {
            return this.reserved;
        }
    }

    private final Map<String, Object> producer;
    private final Map<String, Object> consumer;
    private final Map<String, Object> admin;

    /**
     * @param producer the settings of the application's producers
     * @param consumer those of its consumers
     * @param admin those of its admin clients
     */
    public KafkaClients(Map<String, Object> producer, Map<String, Object> consumer, Map<String, Object> admin) {
        this.producer = without(producer, Client.PRODUCER);
        this.consumer = without(consumer, Client.CONSUMER);
        this.admin = without(admin, Client.ADMIN);
    }

    private static Map<String, Object> without(Map<String, Object> settings, Client client) {
        Map<String, Object> rest = new HashMap<>(settings);
        rest.keySet().removeAll(client.reserved());
        return rest;
    }

    /** One producer for everything, so that everything has one order; idempotent, so that a retry breaks none of it. */
    Producer<byte[], byte[]> producer(Duration publishTimeout) {
        return new KafkaProducer<>(producing(publishTimeout), new ByteArraySerializer(), new ByteArraySerializer());
    }

    Map<String, Object> producing(Duration publishTimeout) {
        long timeout = publishTimeout.toMillis();
        Map<String, Object> config = new HashMap<>(this.producer);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        config.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 5);
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout / 4);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) (timeout / 2));
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) (timeout / 2));
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, KafkaTopic.MAX_MESSAGE_BYTES);
        return named(config, "writer");
    }

    /** One that is told what to read and from where, and remembers nothing in Kafka. */
    Consumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(consuming(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    Map<String, Object> consuming() {
        Map<String, Object> config = new HashMap<>(this.consumer);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1);
        // A partition that is read from now on waits for the fetch that is under way.
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 25);
        return named(config, "reader");
    }

    Admin admin(Duration publishTimeout) {
        return Admin.create(administering(publishTimeout));
    }

    Map<String, Object> administering(Duration publishTimeout) {
        Map<String, Object> config = new HashMap<>(this.admin);
        int timeout = (int) publishTimeout.toMillis();
        config.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, timeout);
        config.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, timeout);
        return named(config, "admin");
    }

    /** Who is away is tried again soon, and metrics of several clients are told apart. */
    private static Map<String, Object> named(Map<String, Object> config, String what) {
        Object client = config.get(CommonClientConfigs.CLIENT_ID_CONFIG);
        config.put(CommonClientConfigs.CLIENT_ID_CONFIG, (client == null ? "" : client + "-") + "realtime-" + what);
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG, 50L);
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500L);
        return config;
    }
}
