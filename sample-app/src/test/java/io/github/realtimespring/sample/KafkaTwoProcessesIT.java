package io.github.realtimespring.sample;

import io.github.realtimespring.test.kafka.KafkaServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Two processes and a Kafka. */
class KafkaTwoProcessesIT extends TwoProcesses {

    private KafkaServer kafka;

    @BeforeAll
    void startKafka() throws Exception {
        this.kafka = KafkaServer.inThisProcess();
        startBoth();
    }

    @AfterAll
    void stopKafka() {
        close();
        this.kafka.close();
    }

    @Override
    SampleProcess start(int number) {
        return start(
                "kafka-" + number,
                "--spring.profiles.active=kafka",
                "--spring.kafka.bootstrap-servers=" + this.kafka.bootstrapServers());
    }
}
