package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.kafka.KafkaBroker;
import io.github.realtimespring.kafka.KafkaBrokerSettings;
import io.github.realtimespring.kafka.KafkaClients;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.kafka.autoconfigure.KafkaConnectionDetails;
import org.springframework.boot.kafka.autoconfigure.KafkaProperties;
import org.springframework.boot.kafka.autoconfigure.SslBundleSslEngineFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.StringUtils;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of the backplane on
 * Kafka: contributes the {@link io.github.realtimespring.backplane.Broker} of which {@link RealtimeAutoConfiguration} makes
 * the backplane.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        before = RealtimeAutoConfiguration.class,
        afterName = "org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration")
@ConditionalOnClass(name = "org.springframework.kafka.core.ProducerFactory")
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@ConditionalOnProperty(name = "realtime.backplane.type", havingValue = "kafka")
public final class RealtimeKafkaAutoConfiguration {

    /** With the settings that the application's own producers and consumers have. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(KafkaConnectionDetails.class)
    @ConditionalOnBean({KafkaConnectionDetails.class, KafkaProperties.class})
    @ConditionalOnMissingBean(Broker.class)
    static class OnConnection {

        @Bean
        @ConditionalOnMissingBean
        KafkaClients realtimeKafkaClients(
                KafkaProperties properties,
                KafkaConnectionDetails connection,
                ObjectProvider<RealtimeKafkaCustomizer> customizers) {
            List<RealtimeKafkaCustomizer> all = customizers.orderedStream().toList();
            return new KafkaClients(
                    customized(
                            KafkaClients.Client.PRODUCER,
                            with(properties.buildProducerProperties(), connection.getProducer()),
                            settings -> all.forEach(customizer -> customizer.customizeProducer(settings))),
                    customized(
                            KafkaClients.Client.CONSUMER,
                            with(properties.buildConsumerProperties(), connection.getConsumer()),
                            settings -> all.forEach(customizer -> customizer.customizeConsumer(settings))),
                    customized(
                            KafkaClients.Client.ADMIN,
                            with(properties.buildAdminProperties(), connection.getAdmin()),
                            settings -> all.forEach(customizer -> customizer.customizeAdmin(settings))));
        }

        /** Without those that are reserved, so that one that is there afterwards was set by a customizer. */
        private static Map<String, Object> customized(
                KafkaClients.Client client, Map<String, Object> settings, Consumer<Map<String, Object>> customizers) {
            settings.keySet().removeAll(client.reserved());
            customizers.accept(settings);
            settings.keySet().stream()
                    .filter(client.reserved()::contains)
                    .sorted()
                    .findFirst()
                    .ifPresent(name -> {
                        throw UnusableBackplaneException.reserved(
                                "RealtimeKafkaCustomizer",
                                "'" + name + "' of the " + client.name().toLowerCase(Locale.ROOT) + " on Kafka");
                    });
            return settings;
        }

        /** Closed with the backplane, after the drain; once more does no harm. */
        @Bean(initMethod = "check")
        KafkaBroker realtimeKafkaBroker(
                RealtimeProperties properties,
                RealtimeSettings settings,
                BrokerBackplane.Application application,
                KafkaClients clients) {
            RealtimeProperties.Backplane backplane = properties.backplane();
            if (backplane.publishTimeout().compareTo(KafkaBrokerSettings.SHORTEST_TIMEOUT) < 0) {
                throw new InvalidConfigurationPropertyValueException(
                        "realtime.backplane.publish-timeout",
                        backplane.publishTimeout(),
                        "With Kafka it must be at least " + KafkaBrokerSettings.SHORTEST_TIMEOUT.toMillis() + "ms.");
            }
            return new KafkaBroker(
                    new KafkaBrokerSettings(
                            application.name(),
                            backplane.kafka().topic(),
                            backplane.kafka().partitions(),
                            null,
                            backplane.subscription() != RealtimeProperties.Subscription.EAGER,
                            backplane.publishTimeout(),
                            settings.history()),
                    clients);
        }

        /** Where and how to connect is said by the connection, everything else by the properties. */
        private static Map<String, Object> with(
                Map<String, Object> properties, KafkaConnectionDetails.Configuration connection) {
            properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, connection.getBootstrapServers());
            if (StringUtils.hasLength(connection.getSecurityProtocol())) {
                properties.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, connection.getSecurityProtocol());
            }
            SslBundle ssl = connection.getSslBundle();
            if (ssl != null) {
                properties.put(SslConfigs.SSL_ENGINE_FACTORY_CLASS_CONFIG, SslBundleSslEngineFactory.class);
                properties.put(SslBundle.class.getName(), ssl);
            }
            return properties;
        }
    }
}
