package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.kafka.KafkaBroker;
import io.github.realtimespring.kafka.KafkaClients;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

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
}
