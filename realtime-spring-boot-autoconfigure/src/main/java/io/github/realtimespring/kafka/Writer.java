package io.github.realtimespring.kafka;

import io.github.realtimespring.backplane.NotSentException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands records to the producer on a thread of its own, in the order in which they came: a producer waits when it does not
 * know who leads a partition, or has no room, and a publisher must not. What waits here is bounded by number, bytes and
 * time; what cannot wait longer, or never got a place, was not sent for certain.
 *
 * <p>A quarter of the publish timeout may pass here, a quarter in the producer before it takes the record, and half until
 * Kafka has answered.
 */
final class Writer implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Writer.class);

    /** Records that may wait. */
    static final int RECORDS = 8192;

    private static final long BYTES = 32 << 20;
    private static final Duration LAST = Duration.ofMillis(500);

    private final Supplier<Producer<byte[], byte[]>> producers;
    private final long patience;
    private final ArrayBlockingQueue<Handover> queue = new ArrayBlockingQueue<>(RECORDS);
    private final AtomicLong bytes = new AtomicLong();
    private final Thread thread;
    private volatile boolean closed;

    private static final class Handover {

        private static final int WAITING = 0;
        private static final int TAKEN = 1;
        private static final int GIVEN_UP = 2;

        private final ProducerRecord<byte[], byte[]> record;
        private final long deadline;
        private final CompletableFuture<RecordMetadata> answer = new CompletableFuture<>();
        private final AtomicInteger state = new AtomicInteger(WAITING);

        Handover(ProducerRecord<byte[], byte[]> record, long deadline) {
            this.record = record;
            this.deadline = deadline;
        }

        int bytes() {
            return this.record.key().length + this.record.value().length;
        }

        boolean becomes(int state) {
            return this.state.compareAndSet(WAITING, state);
        }

        void notSent(String why, @Nullable Throwable cause) {
            this.answer.completeExceptionally(new NotSentException(why, cause));
        }
    }

    /** @param producers makes one; the next one when one has failed for good */
    Writer(Supplier<Producer<byte[], byte[]>> producers, Duration publishTimeout) {
        this.producers = producers;
        this.patience = publishTimeout.toNanos() / 4;
        this.thread = new Thread(this::run, "realtime-kafka-writer");
        this.thread.setDaemon(true);
    }

    void start() {
        this.thread.start();
    }

    /** Completes when Kafka has the record. */
    CompletionStage<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
        Handover handover = new Handover(record, System.nanoTime() + this.patience);
        int bytes = handover.bytes();
        if (this.closed) {
            handover.notSent("the connection to Kafka is closed", null);
        } else if (this.bytes.addAndGet(bytes) > BYTES || !this.queue.offer(handover)) {
            this.bytes.addAndGet(-bytes);
            handover.notSent("too much waits to be sent to Kafka", null);
        } else if (this.closed && handover.becomes(Handover.GIVEN_UP)) {
            // Nobody may look at the queue any more.
            handover.notSent("the connection to Kafka is closed", null);
        }
        return handover.answer;
    }

    /** Records that wait. */
    int waiting() {
        return this.queue.size();
    }

    /** Looks at the time. */
    void tick() {
        long now = System.nanoTime();
        for (Handover handover : this.queue) {
            if (handover.deadline - now > 0) {
                return;
            }
            if (handover.becomes(Handover.GIVEN_UP)) {
                handover.notSent("Kafka did not take it in time", null);
            }
        }
    }

    private void run() {
        Producer<byte[], byte[]> producer = null;
        try {
            while (!this.closed || !this.queue.isEmpty()) {
                Handover next = this.queue.poll(50, TimeUnit.MILLISECONDS);
                if (next == null) {
                    continue;
                }
                this.bytes.addAndGet(-next.bytes());
                if (next.deadline - System.nanoTime() <= 0) {
                    if (next.becomes(Handover.GIVEN_UP)) {
                        next.notSent("Kafka did not take it in time", null);
                    }
                } else if (next.becomes(Handover.TAKEN)) {
                    if (producer == null) {
                        producer = producer(next);
                    }
                    if (producer != null && !hand(producer, next)) {
                        close(producer, Duration.ZERO);
                        producer = null;
                    }
                }
            }
        } catch (InterruptedException ex) {
            logger.debug("The writer was interrupted", ex);
        } finally {
            this.closed = true;
            if (producer != null) {
                close(producer, LAST);
            }
            for (Handover left = this.queue.poll(); left != null; left = this.queue.poll()) {
                left.notSent("the connection to Kafka is closed", null);
            }
        }
    }

    private @Nullable Producer<byte[], byte[]> producer(Handover first) {
        try {
            return this.producers.get();
        } catch (RuntimeException ex) {
            logger.warn("There is no connection to Kafka that can write", ex);
            first.notSent("there is no connection to Kafka", ex);
            return null;
        }
    }

    /** Whether the producer can go on. */
    private static boolean hand(Producer<byte[], byte[]> producer, Handover handover) {
        boolean[] within = {true};
        try {
            Thread writer = Thread.currentThread();
            producer.send(handover.record, (metadata, failure) -> {
                if (failure == null) {
                    handover.answer.complete(metadata);
                } else if (failure instanceof RecordTooLargeException) {
                    handover.answer.completeExceptionally(failure);
                } else if (failure instanceof AuthorizationException || within[0] && Thread.currentThread() == writer) {
                    // Refused before it had a place in the producer, or by a broker that does not take it from us.
                    handover.notSent("Kafka did not take it", failure);
                } else {
                    handover.answer.completeExceptionally(failure);
                }
            });
            return true;
        } catch (RuntimeException ex) {
            logger.warn("The connection that writes to Kafka is made anew", ex);
            handover.notSent("Kafka did not take it", ex);
            return false;
        } finally {
            within[0] = false;
        }
    }

    private static void close(Producer<byte[], byte[]> producer, Duration last) {
        try {
            producer.close(last);
        } catch (RuntimeException ex) {
            logger.debug("A producer was not closed", ex);
        }
    }

    /** What waits is still sent, for half a second at most. */
    @Override
    public void close() {
        this.closed = true;
        if (this.thread.getState() == Thread.State.NEW) {
            return;
        }
        try {
            this.thread.join(2 * LAST.toMillis());
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        this.thread.interrupt();
    }
}
