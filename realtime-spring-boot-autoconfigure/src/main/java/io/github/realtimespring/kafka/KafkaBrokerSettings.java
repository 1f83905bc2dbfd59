package io.github.realtimespring.kafka;

import io.github.realtimespring.history.HistoryLimits;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link KafkaBroker} uses and how long it waits.
 *
 * @param application in front of every name; several applications may share the topic
 * @param topic carries everything
 * @param partitions of the topic; the same on every node
 * @param replicas of each partition if the topic has to be created; {@code null} for the default of the Kafka cluster
 * @param sharded whether a node reads only the partitions that it needs; otherwise it reads all
 * @param publishTimeout within this time every answer is given
 * @param history what of the streams is kept in memory, and for how long; a topic that is created keeps twice as much
 * @since 0.1.0
 */
public record KafkaBrokerSettings(
        String application,
        String topic,
        int partitions,
        @Nullable Short replicas,
        boolean sharded,
        Duration publishTimeout,
        HistoryLimits history) {

    /** The shortest publish timeout: a producer has a part of it. */
    public static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(400);

    public KafkaBrokerSettings {
        if (application.isEmpty() || topic.isEmpty()) {
            throw new IllegalArgumentException("an application and a topic have names");
        }
        if (partitions < 1 || partitions > 10_000) {
            throw new IllegalArgumentException("a topic has 1 to 10,000 partitions");
        }
        if (publishTimeout.compareTo(SHORTEST_TIMEOUT) < 0) {
            throw new IllegalArgumentException("Kafka needs a publish timeout of 400 ms or more");
        }
    }
}
