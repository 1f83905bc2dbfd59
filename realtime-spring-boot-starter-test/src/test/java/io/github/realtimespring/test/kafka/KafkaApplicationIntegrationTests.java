package io.github.realtimespring.test.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.history.History;
import io.github.realtimespring.kafka.KafkaTopicException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Two applications on a real Kafka, with nothing but properties. */
class KafkaApplicationIntegrationTests {

    private static KafkaServer server;

    @BeforeAll
    static void startKafka() {
        server = KafkaServer.inThisProcess();
    }

    @AfterAll
    static void stopKafka() {
        server.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    private static ConfigurableApplicationContext start(String... more) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.SERVLET)
                .properties(
                        "server.port=0",
                        "spring.application.name=chat",
                        "spring.kafka.bootstrap-servers=" + server.bootstrapServers(),
                        "realtime.backplane.type=kafka")
                .properties(more)
                .run();
    }

    @Test
    void applicationsThatOnlyNameKafkaAreNodesOfOne() {
        RoutingKey room = RoutingKey.room("project:42");
        try (ConfigurableApplicationContext one = start("realtime.node-id=one");
                ConfigurableApplicationContext two = start("realtime.node-id=two")) {
            BrokerBackplane first = one.getBean(BrokerBackplane.class);
            await().atMost(Duration.ofSeconds(20))
                    .untilAsserted(() -> assertThat(first.nodes()).containsExactly("two"));

            Event event = Event.of(room, "note", Payload.ofJson("1"), DeliveryClass.RECOVERABLE);
            var before = KafkaNodes.get(two.getBean(History.class).head(room));
            PublishReceipt receipt = KafkaNodes.get(
                    one.getBean(FanoutService.class).publish(event).receipt());

            assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.RECORDED);
            assertThat(KafkaNodes.get(two.getBean(History.class).since(room, before, 10))
                            .events())
                    .extracting(recorded -> recorded.event().id())
                    .containsExactly(event.id());
            two.close();
            await().atMost(Duration.ofSeconds(2))
                    .untilAsserted(() -> assertThat(first.nodes()).isEmpty());
        }
    }

    @Test
    void anotherNumberOfPartitionsFailsTheStart() {
        start("realtime.backplane.kafka.topic=of.four", "realtime.backplane.kafka.partitions=4")
                .close();

        assertThatThrownBy(() -> start("realtime.backplane.kafka.topic=of.four").close())
                .rootCause()
                .isInstanceOf(KafkaTopicException.class)
                .hasMessageContaining("has 4 partitions");
    }
}
