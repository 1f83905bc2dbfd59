package io.github.realtimespring.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
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
 * records, such as serializers, interceptors, groups and transactions, is left out.
 *
 * @since 0.1.0
 */
public final class KafkaClients {

    private final Map<String, Object> producer;
    private final Map<String, Object> consumer;
    private final Map<String, Object> admin;

    /**
     * @param producer the settings of the application's producers
     * @param consumer those of its consumers
     * @param admin those of its admin clients
     */
    public KafkaClients(Map<String, Object> producer, Map<String, Object> consumer, Map<String, Object> admin) {
        this.producer = new HashMap<>(producer);
        this.consumer = new HashMap<>(consumer);
        this.admin = new HashMap<>(admin);
    }

    /** One producer for everything, so that everything has one order; idempotent, so that a retry breaks none of it. */
    Producer<byte[], byte[]> producer(Duration publishTimeout) {
        long timeout = publishTimeout.toMillis();
        Map<String, Object> config = new HashMap<>(this.producer);
        config.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        config.remove(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG);
        config.remove(ProducerConfig.PARTITIONER_CLASS_CONFIG);
        config.remove(ProducerConfig.RETRIES_CONFIG);
        config.remove(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG);
        config.remove(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG);
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        config.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 5);
        config.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, timeout / 4);
        config.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) (timeout / 2));
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) (timeout / 2));
        config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, KafkaTopic.MAX_MESSAGE_BYTES);
        named(config, "writer");
        return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** One that is told what to read and from where, and remembers nothing in Kafka. */
    Consumer<byte[], byte[]> consumer() {
        Map<String, Object> config = new HashMap<>(this.consumer);
        config.remove(ConsumerConfig.GROUP_ID_CONFIG);
        config.remove(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG);
        config.remove(ConsumerConfig.GROUP_PROTOCOL_CONFIG);
        config.remove(ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG);
        config.remove(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG);
        config.remove(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG);
        config.remove(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG);
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        config.put(ConsumerConfig.FETCH_MIN_BYTES_CONFIG, 1);
        // A partition that is read from now on waits for the fetch that is under way.
        config.put(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 25);
        named(config, "reader");
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    Admin admin(Duration publishTimeout) {
        Map<String, Object> config = new HashMap<>(this.admin);
        int timeout = (int) publishTimeout.toMillis();
        config.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, timeout);
        config.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, timeout);
        named(config, "admin");
        return Admin.create(config);
    }

    /** Who is away is tried again soon, and metrics of several clients are told apart. */
    private static void named(Map<String, Object> config, String what) {
        Object client = config.get(CommonClientConfigs.CLIENT_ID_CONFIG);
        config.put(CommonClientConfigs.CLIENT_ID_CONFIG, (client == null ? "" : client + "-") + "realtime-" + what);
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MS_CONFIG, 50L);
        config.put(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500L);
    }
}
