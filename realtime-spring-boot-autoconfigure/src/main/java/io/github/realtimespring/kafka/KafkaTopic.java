package io.github.realtimespring.kafka;

import io.github.realtimespring.RoutingKey;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topic as the Kafka cluster knows it: whether it is there and fits, which one it is, and how far its partitions are.
 * Nothing waits but {@link #check}. Safe between threads.
 */
final class KafkaTopic {

    private static final Logger logger = LoggerFactory.getLogger(KafkaTopic.class);

    private static final Duration CHECK = Duration.ofSeconds(10);
    private static final Duration LEAST_RETENTION = Duration.ofMinutes(10);

    /** The largest envelope, and what goes with it. */
    static final int MAX_MESSAGE_BYTES = 3 << 20;

    private final Admin admin;
    private final KafkaBrokerSettings settings;
    private final int timeout;
    /** Who asks for ends: those whose question is under way, and those who came since. Guarded by its monitor. */
    private final Ends ends = new Ends();

    /**
     * What there is to read of a partition.
     *
     * @param start the first offset that is young enough
     * @param end the offset that the next record gets
     */
    record Range(long start, long end) {}

    private static final class Ends {

        private final Map<Integer, CompletableFuture<Long>> waiting = new HashMap<>();
        private boolean asking;
    }

    KafkaTopic(Admin admin, KafkaBrokerSettings settings) {
        this.admin = admin;
        this.settings = settings;
        this.timeout = Math.toIntExact(settings.publishTimeout().toMillis());
    }

    /**
     * Waits until it is known whether the topic can be used, for ten seconds at most: an application starts without Kafka,
     * too.
     *
     * @return its id, if Kafka could be asked
     * @throws KafkaTopicException if it cannot
     */
    @Nullable
    Uuid check() {
        long deadline = System.nanoTime() + CHECK.toNanos();
        Throwable failure;
        do {
            try {
                return look().toCompletableFuture().get(CHECK.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException ex) {
                failure = cause(ex);
                if (failure instanceof KafkaTopicException unusable) {
                    throw unusable;
                }
            } catch (TimeoutException ex) {
                failure = ex;
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return null;
            }
        } while (failure instanceof UnknownTopicOrPartitionException && System.nanoTime() < deadline);
        logger.warn(
                "Kafka cannot be asked for the topic {} now ({}); the backplane works when it can",
                this.settings.topic(),
                failure.toString());
        return null;
    }

    /** The id of the topic, which is made if it is not there. */
    CompletionStage<Uuid> look() {
        CompletableFuture<Uuid> id = new CompletableFuture<>();
        describe().whenComplete((found, failure) -> {
            if (failure != null && cause(failure) instanceof UnknownTopicOrPartitionException) {
                create().thenCompose(done -> describe()).whenComplete((made, other) -> complete(id, made, other));
            } else {
                complete(id, found, failure);
            }
        });
        return id;
    }

    private static void complete(CompletableFuture<Uuid> id, @Nullable Uuid found, @Nullable Throwable failure) {
        if (found != null) {
            id.complete(found);
        } else {
            id.completeExceptionally(
                    failure == null ? new IllegalStateException("the topic was not told") : cause(failure));
        }
    }

    private CompletionStage<Uuid> describe() {
        String topic = this.settings.topic();
        return this.admin
                .describeTopics(List.of(topic), new DescribeTopicsOptions().timeoutMs(this.timeout))
                .allTopicNames()
                .toCompletionStage()
                .thenApply(all -> fitting(Objects.requireNonNull(all.get(topic))))
                .exceptionally(failure -> {
                    if (cause(failure) instanceof AuthorizationException denied) {
                        throw new KafkaTopicException(
                                "The application may not describe the Kafka topic '" + topic + "'.",
                                "Allow it to describe, read and write the topic.",
                                denied);
                    }
                    if (cause(failure) instanceof InvalidTopicException invalid) {
                        throw new KafkaTopicException(
                                "'" + topic + "' is no name of a Kafka topic.",
                                "Set realtime.backplane.kafka.topic to letters, digits or . _ -.",
                                invalid);
                    }
                    throw new CompletionException(cause(failure));
                });
    }

    private Uuid fitting(TopicDescription found) {
        int partitions = found.partitions().size();
        if (partitions != this.settings.partitions()) {
            throw new KafkaTopicException(
                    "The Kafka topic '" + found.name() + "' has " + partitions + " partitions, and the backplane is"
                            + " configured for " + this.settings.partitions()
                            + ". Nodes that count differently would not find each other's rooms.",
                    "Set realtime.backplane.kafka.partitions to " + partitions
                            + " on every node, or use another topic.",
                    null);
        }
        return found.topicId();
    }

    private CompletionStage<Void> create() {
        KafkaBrokerSettings settings = this.settings;
        long retention = Math.max(
                LEAST_RETENTION.toMillis(), 2 * settings.history().ttl().toMillis());
        NewTopic topic = new NewTopic(
                        settings.topic(), Optional.of(settings.partitions()), Optional.ofNullable(settings.replicas()))
                .configs(Map.of(
                        TopicConfig.CLEANUP_POLICY_CONFIG,
                        TopicConfig.CLEANUP_POLICY_DELETE,
                        TopicConfig.RETENTION_MS_CONFIG,
                        Long.toString(retention),
                        TopicConfig.SEGMENT_MS_CONFIG,
                        Long.toString(retention / 2),
                        TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG,
                        "LogAppendTime",
                        TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                        Integer.toString(MAX_MESSAGE_BYTES)));
        return this.admin
                .createTopics(List.of(topic), new CreateTopicsOptions().timeoutMs(this.timeout))
                .all()
                .toCompletionStage()
                .thenAccept(done -> logger.info(
                        "Made the Kafka topic {} with {} partitions", settings.topic(), settings.partitions()))
                .exceptionally(failure -> {
                    Throwable cause = cause(failure);
                    if (cause instanceof TopicExistsException) {
                        return null;
                    }
                    if (cause instanceof AuthorizationException
                            || cause instanceof InvalidReplicationFactorException
                            || cause instanceof InvalidTopicException
                            || cause instanceof InvalidConfigurationException
                            || cause instanceof PolicyViolationException) {
                        throw new KafkaTopicException(
                                "The Kafka topic '" + settings.topic() + "' is not there and cannot be created: "
                                        + cause.getMessage(),
                                "Create it with " + settings.partitions()
                                        + " partitions, cleanup.policy=delete and a retention of at least "
                                        + settings.history().ttl().toSeconds()
                                        + " seconds, or allow the application to create it.",
                                cause);
                    }
                    throw new CompletionException(cause);
                });
    }

    /** What is to be read of a partition for everything that is younger than {@code since}, in milliseconds. */
    CompletionStage<Range> range(int partition, long since) {
        CompletionStage<Long> earliest = offset(partition, OffsetSpec.earliest());
        CompletionStage<Long> young = offset(partition, OffsetSpec.forTimestamp(since));
        // Asked for last: what is behind the young ones is not behind the end.
        return young.thenCombine(earliest, (offset, first) -> offset < 0 ? -1 : Math.max(offset, first))
                .thenCompose(start -> offset(partition, OffsetSpec.latest())
                        .thenApply(end -> new Range(start < 0 ? end : Math.min(start, end), end)));
    }

    private CompletionStage<Long> offset(int partition, OffsetSpec spec) {
        TopicPartition place = place(partition);
        return offsets(Map.of(place, spec))
                .thenApply(found -> Objects.requireNonNull(found.get(place)).offset());
    }

    private CompletionStage<Map<TopicPartition, ListOffsetsResultInfo>> offsets(Map<TopicPartition, OffsetSpec> specs) {
        return this.admin
                .listOffsets(specs, new ListOffsetsOptions().timeoutMs(this.timeout))
                .all()
                .toCompletionStage();
    }

    /**
     * The offset that the next record of a partition gets, at some moment after the call. However many ask, one question
     * is under way.
     */
    CompletionStage<Long> end(int partition) {
        CompletableFuture<Long> end;
        synchronized (this.ends) {
            end = this.ends.waiting.computeIfAbsent(partition, none -> new CompletableFuture<>());
        }
        askForEnds();
        return end;
    }

    private void askForEnds() {
        Map<Integer, CompletableFuture<Long>> asked;
        synchronized (this.ends) {
            if (this.ends.asking || this.ends.waiting.isEmpty()) {
                return;
            }
            this.ends.asking = true;
            asked = new HashMap<>(this.ends.waiting);
            this.ends.waiting.clear();
        }
        Map<TopicPartition, OffsetSpec> specs = new HashMap<>();
        asked.keySet().forEach(partition -> specs.put(place(partition), OffsetSpec.latest()));
        CompletionStage<Map<TopicPartition, ListOffsetsResultInfo>> answer;
        try {
            answer = offsets(specs);
        } catch (RuntimeException ex) {
            answer = CompletableFuture.failedFuture(ex);
        }
        answer.whenComplete((found, failure) -> {
            synchronized (this.ends) {
                this.ends.asking = false;
            }
            askForEnds();
            asked.forEach((partition, end) -> {
                ListOffsetsResultInfo info = failure == null ? found.get(place(partition)) : null;
                if (info != null) {
                    end.complete(info.offset());
                } else {
                    end.completeExceptionally(
                            failure == null ? new IllegalStateException("no end was told") : cause(failure));
                }
            });
        });
    }

    TopicPartition place(int partition) {
        return new TopicPartition(this.settings.topic(), partition);
    }

    /** Names the streams of a partition: another topic, or another number of partitions, is another epoch. */
    String epoch(Uuid topic, int partition, RoutingKey key) {
        String all = topic + "/" + partition + "/" + this.settings.partitions() + "/" + this.settings.application()
                + "/" + key;
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
            String text = new BigInteger(1, hash).toString(36);
            return "0".repeat(Math.max(0, 24 - text.length())) + text.substring(0, Math.min(24, text.length()));
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java has SHA-256", ex);
        }
    }

    static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
