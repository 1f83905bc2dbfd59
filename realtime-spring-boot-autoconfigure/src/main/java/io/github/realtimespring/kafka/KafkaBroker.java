package io.github.realtimespring.kafka;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.backplane.SubscriptionMode;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link Broker} on one topic of Kafka (SPEC §6, §10, docs/decisions/0018). A key has its place in one partition, whose
 * order is the key's order; the offset there is the cursor, so the offsets of a stream grow, but not by one. The last
 * entries of each stream are kept in memory, read from the log when a partition is opened.
 *
 * <p>Thread-safe. Nothing waits but {@link #check()} and {@link #close()}. One thread reads, one hands over to the
 * producer; what a caller is told comes from one of them or from a thread of the clients.
 *
 * @since 0.1.0
 */
public final class KafkaBroker implements Broker {

    private static final Logger logger = LoggerFactory.getLogger(KafkaBroker.class);

    /** How often the topic is looked at. */
    private static final long LOOK = Duration.ofSeconds(2).toNanos();

    /** How soon after a look that failed, or while partitions are closed. */
    private static final long LOOK_AGAIN = Duration.ofMillis(500).toNanos();

    /** How long a partition is read after it was needed. */
    private static final long LINGER = Duration.ofSeconds(60).toNanos();

    /** Clocks of nodes and of Kafka may differ by this much. */
    private static final long SKEW = Duration.ofMinutes(1).toMillis();

    private final KafkaBrokerSettings settings;
    private final KafkaClients clients;
    private final long millis;
    private final RecordFormat format;
    private final Partition[] partitions;
    private final Admin admin;
    private final KafkaTopic topic;
    private final Writer writer;
    /** Read even if nobody here needs anything: beacons come back through it. */
    private final int home;

    private final SteadyClock clock = new SteadyClock(InstantSource.system(), Ticker.SYSTEM);
    private final long node = ThreadLocalRandom.current().nextLong();
    private final AtomicLong beacons = new AtomicLong();
    private final AtomicBoolean looking = new AtomicBoolean();
    private volatile @Nullable Uuid id;
    private volatile @Nullable KafkaTopicException unusable;
    private volatile @Nullable Reader reader;
    private volatile long nextLook = System.nanoTime();
    private volatile boolean closed;

    public KafkaBroker(KafkaBrokerSettings settings, KafkaClients clients) {
        this.settings = settings;
        this.clients = clients;
        this.millis = settings.publishTimeout().toMillis();
        this.format = new RecordFormat(settings.application(), settings.topic(), settings.partitions());
        this.partitions = new Partition[settings.partitions()];
        AtomicLong bytes = new AtomicLong();
        for (int i = 0; i < this.partitions.length; i++) {
            int streams = settings.history().rooms() / this.partitions.length;
            this.partitions[i] = new Partition(i, new StreamIndex(settings.history(), streams, bytes));
        }
        this.home = ThreadLocalRandom.current().nextInt(this.partitions.length);
        this.admin = clients.admin(settings.publishTimeout());
        this.topic = new KafkaTopic(this.admin, settings);
        this.writer = new Writer(() -> clients.producer(settings.publishTimeout()), settings.publishTimeout());
    }

    /**
     * Looks whether the topic is there and fits, and makes it if it is not there. Waits for Kafka, for ten seconds at most;
     * without an answer the application starts all the same.
     *
     * @throws KafkaTopicException if the topic cannot be used; the broker is closed
     */
    public void check() {
        try {
            this.id = this.topic.check();
        } catch (KafkaTopicException unusable) {
            close();
            throw unusable;
        }
    }

    @Override
    public String name() {
        return "kafka";
    }

    @Override
    public SubscriptionMode mode() {
        return this.settings.sharded() ? SubscriptionMode.SHARDED : SubscriptionMode.EAGER;
    }

    @Override
    public void start(Listener listener) {
        Reader reader = new Reader(
                this.clients::consumer, this.topic, this.format, this.partitions, listener, this::look, this::tick);
        this.reader = reader;
        this.writer.start();
        reader.start();
        look();
    }

    @Override
    public CompletionStage<Void> send(RoutingKey key, byte[] envelope) {
        NotSentException not = notUsable();
        if (not != null) {
            return CompletableFuture.failedFuture(not);
        }
        return bounded(this.writer.send(this.format.sent(key, envelope)).thenAccept(sent -> {}));
    }

    @Override
    public CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope) {
        NotSentException not = notUsable();
        Uuid id = this.id;
        if (not != null || id == null) {
            return CompletableFuture.failedFuture(
                    not == null ? new NotSentException("Kafka was not reached yet") : not);
        }
        Partition partition = partition(key);
        Cursor known = partition.isLive() ? partition.index().find(key, eventId) : null;
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return bounded(this.writer
                .send(this.format.recorded(key, eventId, envelope))
                .thenCompose(sent -> place(partition, key, eventId, id, sent)));
    }

    /**
     * The place of what was appended: that of the first entry with its id. Whether another node was first is known when the
     * log was read up to it; a node that cannot read, or does not read this partition, takes its own.
     */
    private CompletionStage<Cursor> place(
            Partition partition, RoutingKey key, String eventId, Uuid id, RecordMetadata sent) {
        long position = sent.offset() + 1;
        Cursor own = new Cursor(this.topic.epoch(id, partition.number(), key), position);
        if (!partition.isLive()) {
            return CompletableFuture.completedFuture(own);
        }
        return partition.reached(position, Math.max(1, this.millis / 8)).handle((read, failure) -> {
            Cursor first = failure == null ? partition.index().find(key, eventId) : null;
            return first == null ? own : first;
        });
    }

    @Override
    public CompletionStage<Void> announce(byte[] beacon) {
        NotSentException not = notUsable();
        if (not != null) {
            return CompletableFuture.failedFuture(not);
        }
        long number = this.beacons.incrementAndGet();
        CompletableFuture<?>[] copies = new CompletableFuture<?>[this.partitions.length];
        for (int i = 0; i < copies.length; i++) {
            copies[i] = this.writer
                    .send(this.format.beacon(i, this.node, number, beacon))
                    .toCompletableFuture();
        }
        return bounded(CompletableFuture.allOf(copies));
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        Partition partition = partition(key);
        AtomicBoolean inForce = partition.subscribe(key);
        return bounded(upToNow(partition).thenAccept(read -> inForce.set(true)));
    }

    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        partition(key).unsubscribe(key);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return look(key, index -> index.head(key));
    }

    @Override
    public CompletionStage<Slice> read(RoutingKey key, Cursor after, int limit) {
        return look(key, index -> index.read(key, after, limit));
    }

    @Override
    public CompletionStage<Long> size(RoutingKey key) {
        return look(key, index -> index.size(key));
    }

    @Override
    public int unanswered() {
        return this.writer.waiting();
    }

    @Override
    public int maxUnanswered() {
        return Writer.RECORDS;
    }

    private <T> CompletionStage<T> look(RoutingKey key, Function<StreamIndex, T> look) {
        Partition partition = partition(key);
        return bounded(upToNow(partition).thenApply(read -> look.apply(partition.index())));
    }

    /** Completes when everything was read that the partition held at some moment after the call. */
    private CompletionStage<Void> upToNow(Partition partition) {
        if (this.closed) {
            return CompletableFuture.failedFuture(new IllegalStateException("the connection to Kafka is closed"));
        }
        partition.used();
        if (partition.isClosed()) {
            look();
        }
        return partition
                .reached(0, this.millis)
                .thenCompose(live -> this.topic.end(partition.number()))
                .thenCompose(end -> partition.reached(end, this.millis));
    }

    private <T> CompletionStage<T> bounded(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        if (future.isDone()) {
            return future;
        }
        return future.thenApply(Function.identity()).orTimeout(this.millis, TimeUnit.MILLISECONDS);
    }

    private @Nullable NotSentException notUsable() {
        KafkaTopicException unusable = this.unusable;
        if (this.closed) {
            return new NotSentException("the connection to Kafka is closed");
        }
        if (unusable != null) {
            return new NotSentException("the topic cannot be used", unusable);
        }
        return this.id == null ? new NotSentException("Kafka was not reached yet") : null;
    }

    private Partition partition(RoutingKey key) {
        return this.partitions[this.format.partition(key)];
    }

    private boolean isWanted(Partition partition) {
        return !this.settings.sharded() || partition.number() == this.home || !partition.isIdle(LINGER);
    }

    /** Ten times a second, on the thread that reads. */
    private void tick() {
        this.writer.tick();
        long young = this.clock.millis() - SKEW;
        boolean opens = false;
        boolean closes = false;
        for (Partition partition : this.partitions) {
            partition.tick();
            if (!isWanted(partition)) {
                if (partition.isRead()) {
                    partition.close();
                    partition.index().close();
                    closes = true;
                }
            } else if (partition.isClosed()) {
                opens = true;
            } else if (partition.isLive()) {
                partition.index().expire(young);
            }
        }
        Reader reader = this.reader;
        if (closes && reader != null) {
            reader.assignmentChanged();
        }
        long now = System.nanoTime();
        if (now - this.nextLook >= 0 || opens && this.nextLook - now > LOOK_AGAIN) {
            look();
        }
    }

    /** Looks which topic it is, and opens what is wanted and closed. One look is under way. */
    private void look() {
        if (this.closed || !this.looking.compareAndSet(false, true)) {
            return;
        }
        CompletionStage<Uuid> look;
        try {
            look = this.topic.look();
        } catch (RuntimeException ex) {
            look = CompletableFuture.failedFuture(ex);
        }
        look.whenComplete((found, failure) -> {
            this.nextLook = System.nanoTime() + (failure == null ? LOOK : LOOK_AGAIN);
            this.looking.set(false);
            if (failure == null) {
                found(found);
            } else if (KafkaTopic.cause(failure) instanceof KafkaTopicException no) {
                if (this.unusable == null) {
                    logger.error("{} {}", no.getMessage(), no.action());
                }
                this.unusable = no;
            } else {
                logger.debug("The topic cannot be looked at now", failure);
            }
        });
    }

    private void found(Uuid found) {
        Reader reader = this.reader;
        Uuid before = this.id;
        this.unusable = null;
        this.id = found;
        if (reader == null || this.closed) {
            return;
        }
        if (before != null && !before.equals(found)) {
            logger.warn("The topic {} was made anew: every stream begins anew", this.settings.topic());
            // The reader closes the partitions, and the next look opens them.
            reader.closeAll();
            return;
        }
        for (Partition partition : this.partitions) {
            if (isWanted(partition)) {
                open(reader, partition, found);
            }
        }
    }

    private void open(Reader reader, Partition partition, Uuid found) {
        long attempt = partition.beginOpening();
        if (attempt == 0) {
            return;
        }
        long since = this.clock.millis() - SKEW - this.settings.history().ttl().toMillis();
        CompletionStage<KafkaTopic.Range> range;
        try {
            range = this.topic.range(partition.number(), since);
        } catch (RuntimeException ex) {
            range = CompletableFuture.failedFuture(ex);
        }
        range.whenComplete((known, failure) -> {
            if (failure == null) {
                reader.open(partition, attempt, found, known);
            } else {
                logger.debug("Partition {} cannot be opened now", partition.number(), failure);
                partition.notOpened(attempt);
            }
        });
    }

    /** The partitions that this node reads. */
    public Set<Integer> partitions() {
        Reader reader = this.reader;
        return reader == null ? Set.of() : reader.assigned();
    }

    /** What waits is still sent; for two seconds at most. */
    @Override
    public void close() {
        if (this.closed) {
            return;
        }
        this.closed = true;
        this.writer.close();
        Reader reader = this.reader;
        if (reader != null) {
            reader.close();
        }
        for (Partition partition : this.partitions) {
            partition.fail(new IllegalStateException("the connection to Kafka is closed"));
        }
        this.admin.close(Duration.ofMillis(200));
    }
}
