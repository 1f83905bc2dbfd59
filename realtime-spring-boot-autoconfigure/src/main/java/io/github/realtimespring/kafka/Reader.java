package io.github.realtimespring.kafka;

import io.github.realtimespring.backplane.BeaconCopies;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.Received;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the partitions that this node needs, with one consumer on one thread: into the index of each, to the listener if
 * the key is subscribed, and past everything that is not of this application. Positions are this node's own; there is no
 * consumer group, so no node waits for another.
 */
final class Reader implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Reader.class);

    private static final Duration POLL = Duration.ofMillis(25);
    private static final long TICK = Duration.ofMillis(100).toNanos();
    private static final long PAUSE = 200;
    private static final long IDLE = 10;
    private static final long LAST = 1000;

    private final Supplier<Consumer<byte[], byte[]>> consumers;
    private final KafkaTopic topic;
    private final RecordFormat format;
    private final Partition[] partitions;
    private final BeaconCopies beacons = new BeaconCopies();
    /** The numbers of all partitions: copies of a beacon go through each. */
    private final int[] all;

    private final Broker.Listener listener;
    private final Runnable tick;
    private final IntPredicate live;
    /** Told that what is read may not be there. */
    private final Runnable suspicion;

    private final Map<Partition, Opening> openings = new ConcurrentHashMap<>();
    private final Thread thread;
    private volatile boolean closed;
    private volatile boolean closeAll;
    private volatile @Nullable Consumer<byte[], byte[]> consumer;
    private @Nullable Fetches fetches;
    /** How long nothing is asked of Kafka, in milliseconds. */
    private long hold;
    /** Whether the partitions that are closed are to be given back. */
    private volatile boolean changed;
    /** Whether something was lost, and the listener is to be told when everything is read again. */
    private boolean lost;

    /** Whether the listener was told that everything is read. */
    private boolean connected;

    private boolean paused;
    private long lastTick;

    private record Opening(long attempt, Uuid topic, KafkaTopic.Range range) {}

    /**
     * @param suspicion runs on the thread that reads when Kafka answers, and has nothing to read
     * @param tick runs on the thread that reads, ten times a second
     */
    Reader(
            Supplier<Consumer<byte[], byte[]>> consumers,
            KafkaTopic topic,
            RecordFormat format,
            Partition[] partitions,
            Broker.Listener listener,
            Runnable suspicion,
            Runnable tick) {
        this.consumers = consumers;
        this.topic = topic;
        this.format = format;
        this.partitions = partitions;
        this.all = IntStream.range(0, partitions.length).toArray();
        this.listener = listener;
        this.suspicion = suspicion;
        this.tick = tick;
        this.live = number -> partitions[number].isLive();
        this.thread = new Thread(this::run, "realtime-kafka-reader");
        this.thread.setDaemon(true);
    }

    void start() {
        this.thread.start();
    }

    /** It is known what there is to read of a partition. */
    void open(Partition partition, long attempt, Uuid id, KafkaTopic.Range range) {
        this.openings.put(partition, new Opening(attempt, id, range));
        wakeUp();
    }

    /** The topic is another one: what was read of the old one is worth nothing. */
    void closeAll() {
        this.closeAll = true;
        wakeUp();
    }

    /** Some partitions were closed. */
    void assignmentChanged() {
        this.changed = true;
        wakeUp();
    }

    private void wakeUp() {
        Consumer<byte[], byte[]> consumer = this.consumer;
        if (consumer != null) {
            consumer.wakeup();
        }
        LockSupport.unpark(this.thread);
    }

    private void run() {
        while (!this.closed) {
            try {
                Consumer<byte[], byte[]> consumer = this.consumer;
                if (consumer == null) {
                    consumer = this.consumers.get();
                    this.consumer = consumer;
                    this.fetches = new Fetches(consumer);
                }
                assign(consumer);
                read(consumer);
                this.paused = false;
            } catch (WakeupException ex) {
                // There is something to do.
            } catch (OffsetOutOfRangeException ex) {
                logger.warn("Records that were not read yet are gone from {}", ex.partitions());
                ex.partitions().forEach(gone -> this.partitions[gone.partition()].close());
                this.lost = true;
                this.changed = true;
            } catch (RuntimeException ex) {
                pause(ex);
            }
            tick();
        }
        Consumer<byte[], byte[]> consumer = this.consumer;
        if (consumer != null) {
            try {
                consumer.close(CloseOptions.timeout(Duration.ZERO));
            } catch (RuntimeException ex) {
                logger.debug("A consumer was not closed", ex);
            }
        }
    }

    private void pause(RuntimeException failure) {
        if (this.closed) {
            return;
        }
        if (this.paused) {
            logger.debug("Kafka still cannot be read", failure);
        } else {
            logger.warn("Kafka cannot be read now: {}", failure.toString());
            logger.debug("Kafka cannot be read", failure);
        }
        this.paused = true;
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            this.closed = true;
        }
    }

    private void tick() {
        long now = System.nanoTime();
        if (now - this.lastTick >= TICK) {
            this.lastTick = now;
            try {
                this.tick.run();
            } catch (RuntimeException ex) {
                logger.warn("What is done regularly failed; the next time goes on", ex);
            }
        }
    }

    /** Takes what was decided since the last time. */
    private void assign(Consumer<byte[], byte[]> consumer) {
        if (this.closeAll) {
            this.closeAll = false;
            this.lost = true;
            this.connected = false;
            this.changed = true;
            for (Partition partition : this.partitions) {
                partition.close();
            }
        }
        List<Partition> opened = new ArrayList<>();
        for (Partition partition : List.copyOf(this.openings.keySet())) {
            Opening opening = this.openings.remove(partition);
            if (opening != null
                    && partition.opened(
                            opening.attempt(),
                            opening.range().start(),
                            opening.range().end())) {
                partition
                        .index()
                        .reset(
                                key -> this.topic.epoch(opening.topic(), partition.number(), key),
                                opening.range().start());
                opened.add(partition);
                this.changed = true;
            }
        }
        if (!this.changed) {
            return;
        }
        this.changed = false;
        Set<TopicPartition> read = new HashSet<>();
        for (Partition partition : this.partitions) {
            if (partition.isRead()) {
                read.add(this.topic.place(partition.number()));
            }
        }
        consumer.assign(read);
        this.hold = 0;
        if (this.fetches != null) {
            this.fetches.reset();
        }
        for (Partition partition : opened) {
            TopicPartition place = this.topic.place(partition.number());
            consumer.seek(place, partition.position());
        }
        opened.forEach(partition -> readTo(partition, 0));
    }

    private void read(Consumer<byte[], byte[]> consumer) {
        if (consumer.assignment().isEmpty()) {
            idle();
            return;
        }
        if (this.hold > 0) {
            // No shorter poll: to be whole again, the consumer has several things to ask one after the other.
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(this.hold));
            if (this.closed || this.changed || this.closeAll || !this.openings.isEmpty()) {
                return;
            }
        }
        ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
        if (this.fetches != null) {
            hold(this.fetches.polled(!records.isEmpty()));
        }
        for (TopicPartition place : records.partitions()) {
            Partition partition = this.partitions[place.partition()];
            for (ConsumerRecord<byte[], byte[]> record : records.records(place)) {
                if (!partition.isRead()) {
                    break;
                }
                take(partition, record);
                readTo(partition, record.offset() + 1);
            }
        }
        for (TopicPartition place : consumer.assignment()) {
            // Past records that are none of anybody's.
            Partition partition = this.partitions[place.partition()];
            if (partition.isRead()) {
                long position = consumer.position(place);
                partition.index().readTo(position);
                readTo(partition, position);
            }
        }
    }

    private void hold(long millis) {
        if (millis > 0) {
            if (this.hold == 0) {
                logger.debug("Kafka answers at once and with nothing; it is asked less often until it does not");
            }
            this.suspicion.run();
        }
        this.hold = millis;
    }

    private void idle() {
        try {
            Thread.sleep(IDLE);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            this.closed = true;
        }
    }

    private void readTo(Partition partition, long position) {
        if (partition.readTo(position)) {
            logger.debug("Partition {} is read up to the moment", partition.number());
            this.beacons.changed(this.live).forEach(this.listener::announced);
            if (!areOpening()) {
                if (this.lost) {
                    this.lost = false;
                    this.listener.reconnected();
                }
                if (!this.connected) {
                    this.connected = true;
                    this.listener.connected();
                }
            }
        }
    }

    private boolean areOpening() {
        for (Partition partition : this.partitions) {
            if (!partition.isLive() && !partition.isClosed()) {
                return true;
            }
        }
        return false;
    }

    private void take(Partition partition, ConsumerRecord<byte[], byte[]> record) {
        try {
            RecordFormat.Parsed parsed = this.format.parse(record);
            switch (parsed.kind()) {
                case FOREIGN -> {}
                case MALFORMED -> {
                    if (partition.isLive()) {
                        this.listener.refused(Received.MALFORMED);
                    }
                }
                case BEACON ->
                    this.beacons
                            .arrived(
                                    partition.number(),
                                    parsed.node(),
                                    parsed.number(),
                                    this.all,
                                    record.value(),
                                    this.live)
                            .forEach(this.listener::announced);
                case SENT -> {
                    if (parsed.key() != null && partition.isSubscribed(parsed.key())) {
                        this.listener.received(parsed.key(), record.value(), null);
                    }
                }
                case RECORDED -> {
                    if (parsed.key() != null) {
                        StreamIndex.Place place = partition
                                .index()
                                .add(parsed.key(), parsed.id(), record.offset(), record.timestamp(), record.value());
                        if (partition.isSubscribed(parsed.key())) {
                            this.listener.received(parsed.key(), record.value(), place.cursor(), place.previous());
                        }
                    }
                }
            }
        } catch (RuntimeException ex) {
            logger.error("A record of partition {} was not taken", partition.number(), ex);
        }
    }

    /** The partitions that are read, for tests and meters. */
    Set<Integer> assigned() {
        return Arrays.stream(this.partitions)
                .filter(Partition::isRead)
                .map(Partition::number)
                .collect(Collectors.toSet());
    }

    @Override
    public void close() {
        this.closed = true;
        wakeUp();
        try {
            this.thread.join(LAST);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
