package io.github.realtimespring.test.kafka;

import io.github.realtimespring.EventId;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.test.backplane.BackplaneAdapterContract;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;

/** The contract of backplanes on a real Kafka, with nodes that read every partition and with nodes that read what they need. */
class KafkaBrokerTests {

    private static KafkaServer server;

    @BeforeAll
    static void startKafka() {
        server = KafkaServer.inThisProcess();
    }

    @AfterAll
    static void stopKafka() {
        server.close();
    }

    @Nested
    class Eager extends OnKafka {

        Eager() {
            super(false);
        }
    }

    @Nested
    class Sharded extends OnKafka {

        Sharded() {
            super(true);
        }
    }

    abstract static class OnKafka extends BackplaneAdapterContract {

        private final boolean sharded;

        OnKafka(boolean sharded) {
            this.sharded = sharded;
        }

        @Override
        protected Setup node() {
            String origin = EventId.next(System.currentTimeMillis());
            BrokerBackplane adapter = KafkaNodes.backplane(
                    KafkaNodes.broker(server, KafkaNodes.settings("contract", "contract.events", this.sharded)),
                    origin,
                    "contract",
                    null,
                    BackplaneObserver.none());
            return new Setup(adapter, origin, adapter.history());
        }

        @Override
        protected boolean cursorsCount() {
            return false;
        }

        @Override
        protected Duration patience() {
            return Duration.ofSeconds(20);
        }
    }
}
