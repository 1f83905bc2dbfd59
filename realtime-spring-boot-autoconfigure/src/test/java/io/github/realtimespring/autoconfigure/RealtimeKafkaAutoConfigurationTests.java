package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.kafka.KafkaBroker;
import io.github.realtimespring.kafka.KafkaClients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.Ordered;

/** The backplane on Kafka as an application gets it; no Kafka runs, which is no reason not to start. */
class RealtimeKafkaAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    KafkaAutoConfiguration.class,
                    SslAutoConfiguration.class,
                    RealtimeKafkaAutoConfiguration.class,
                    RealtimeAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class))
            .withPropertyValues(
                    "spring.application.name=chat",
                    "spring.kafka.bootstrap-servers=localhost:1",
                    "realtime.backplane.publish-timeout=400ms");

    private final ApplicationContextRunner kafka = this.runner.withPropertyValues("realtime.backplane.type=kafka");

    @Test
    void kafkaIsNotTouchedUntilItIsAskedFor() {
        this.runner.run(
                context -> assertThat(context).doesNotHaveBean(Broker.class).doesNotHaveBean(KafkaClients.class));
    }

    @Test
    void theBackplaneIsOnKafkaShardedAndNeitherReadableNorWritableUntilKafkaIsReached() {
        this.kafka.run(context -> {
            assertThat(context).hasNotFailed();
            BackplaneAdapter backplane = context.getBean(BackplaneAdapter.class);
            assertThat(backplane).isInstanceOf(BrokerBackplane.class);
            assertThat(backplane.name()).isEqualTo("kafka");
            assertThat(backplane.status().readable()).isFalse();
            assertThat(context.getBean(KafkaBroker.class).mode()).isEqualTo(SubscriptionMode.SHARDED);
        });
    }

    @Test
    void everyPartitionIsReadOnDemand() {
        this.kafka
                .withPropertyValues("realtime.backplane.subscription=eager")
                .run(context ->
                        assertThat(context.getBean(KafkaBroker.class).mode()).isEqualTo(SubscriptionMode.EAGER));
    }

    @Test
    void lazySubscriptionFailsTheStart() {
        this.kafka
                .withPropertyValues("realtime.backplane.subscription=lazy")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("'lazy', which the backplane 'kafka' cannot do"));
    }

    @Test
    void publishTimeoutThatAProducerCannotKeepFailsTheStart() {
        this.kafka
                .withPropertyValues("realtime.backplane.publish-timeout=399ms")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("realtime.backplane.publish-timeout"));
    }

    @Test
    void clientsOfTheApplicationAreUsed() {
        Map<String, Object> own = Map.of("bootstrap.servers", "localhost:2");
        this.kafka
                .withBean("own", KafkaClients.class, () -> new KafkaClients(own, own, own))
                .run(context -> assertThat(context).hasSingleBean(KafkaClients.class));
    }

    @Test
    void brokerOfTheApplicationIsUsed() {
        this.kafka
                .withBean(Broker.class, () -> new StubBroker(SubscriptionMode.LAZY))
                .run(context -> assertThat(context).doesNotHaveBean(KafkaBroker.class));
    }

    @Test
    void customizersChangeTheSettingsOfTheClientsInTheirOrder() {
        List<Object> seen = new ArrayList<>();
        this.kafka
                .withPropertyValues("spring.kafka.client-id=chat", "spring.kafka.producer.compression-type=gzip")
                .withBean("second", RealtimeKafkaCustomizer.class, () -> new Customizer(2, seen))
                .withBean("first", RealtimeKafkaCustomizer.class, () -> new Customizer(1, seen))
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(seen)
                            .containsExactly(
                                    "1 chat gzip", "2 chat 1", "consumer 1", "consumer 2", "admin 1", "admin 2");
                });
    }

    private record Customizer(int number, List<Object> seen) implements RealtimeKafkaCustomizer, Ordered {

        @Override
        public int getOrder() {
            return this.number;
        }

        @Override
        public void customizeProducer(Map<String, Object> settings) {
            this.seen.add(this.number + " " + settings.get("client.id") + " "
                    + settings.put("compression.type", Integer.toString(this.number)));
            if (this.number == 2) {
                settings.put("compression.type", "lz4");
            }
        }

        @Override
        public void customizeConsumer(Map<String, Object> settings) {
            this.seen.add("consumer " + this.number);
            settings.put("receive.buffer.bytes", 1 << 20);
        }

        @Override
        public void customizeAdmin(Map<String, Object> settings) {
            this.seen.add("admin " + this.number);
        }
    }

    /** What the application set for its own clients is not used here, and nobody is told. */
    @Test
    void aCustomizerThatSetsWhatThePromisesDependOnFailsTheStart() {
        assertRefused("'acks' of the producer", new RealtimeKafkaCustomizer() {
            @Override
            public void customizeProducer(Map<String, Object> settings) {
                settings.put("acks", "1");
            }
        });
        assertRefused("'isolation.level' of the consumer", new RealtimeKafkaCustomizer() {
            @Override
            public void customizeConsumer(Map<String, Object> settings) {
                settings.put("isolation.level", "read_committed");
            }
        });
        assertRefused("'default.api.timeout.ms' of the admin", new RealtimeKafkaCustomizer() {
            @Override
            public void customizeAdmin(Map<String, Object> settings) {
                settings.put("default.api.timeout.ms", 60_000);
            }
        });
        this.kafka
                .withPropertyValues("spring.kafka.producer.acks=1")
                .run(context -> assertThat(context).hasNotFailed());
    }

    private void assertRefused(String setting, RealtimeKafkaCustomizer customizer) {
        this.kafka
                .withBean(RealtimeKafkaCustomizer.class, () -> customizer)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("A RealtimeKafkaCustomizer sets " + setting));
    }
}
