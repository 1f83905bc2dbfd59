package io.github.realtimespring.autoconfigure;

import java.util.Map;

/**
 * Changes the settings of the clients that the backplane on Kafka has, which begin with the application's own
 * ({@code spring.kafka.*}); those of the application's clients stay as they are. Beans of this type are called in their
 * order.
 *
 * <p>What the promises of the backplane depend on, such as {@code acks}, timeouts and the order of retries, cannot be set:
 * the start fails and names the setting. {@link io.github.realtimespring.kafka.KafkaClients.Client#reserved} has the list.
 *
 * @since 0.1.0
 */
public interface RealtimeKafkaCustomizer {

    /** Of the producer that writes events and beacons; by the names of {@code ProducerConfig}. */
    default void customizeProducer(Map<String, Object> settings) {}

    /** Of the consumer that reads them; by the names of {@code ConsumerConfig}. */
    default void customizeConsumer(Map<String, Object> settings) {}

    /** Of the client that looks at the topic; by the names of {@code AdminClientConfig}. */
    default void customizeAdmin(Map<String, Object> settings) {}
}
