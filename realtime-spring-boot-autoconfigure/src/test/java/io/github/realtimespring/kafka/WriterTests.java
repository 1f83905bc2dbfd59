package io.github.realtimespring.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.backplane.NotSentException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a publisher is told, whatever the producer does. */
class WriterTests {

    private final CountDownLatch leader = new CountDownLatch(1);
    private final AtomicInteger made = new AtomicInteger();
    private volatile boolean waits;
    private volatile RuntimeException refusal;
    private volatile MockProducer<byte[], byte[]> producer;
    private final Writer writer = new Writer(this::make, Duration.ofMillis(400));

    private MockProducer<byte[], byte[]> make() {
        this.made.incrementAndGet();
        this.producer = new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer()) {
            @Override
            public Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
                if (WriterTests.this.waits) {
                    try {
                        WriterTests.this.leader.await();
                    } catch (InterruptedException ex) {
                        throw new KafkaException(ex);
                    }
                }
                RuntimeException refusal = WriterTests.this.refusal;
                if (refusal instanceof TimeoutException) {
                    callback.onCompletion(null, refusal);
                    return CompletableFuture.failedFuture(refusal);
                }
                if (refusal != null) {
                    throw refusal;
                }
                return super.send(record, callback);
            }
        };
        return this.producer;
    }

    private CompletableFuture<RecordMetadata> send(int bytes) {
        return this.writer
                .send(new ProducerRecord<>("topic", 0, new byte[1], new byte[bytes]))
                .toCompletableFuture();
    }

    private static Throwable failure(CompletableFuture<?> answer) {
        await().until(answer::isDone);
        return answer.handle((done, failure) -> failure).join();
    }

    @AfterEach
    void close() {
        this.leader.countDown();
        this.writer.close();
    }

    @Test
    void recordsGoOutInTheirOrderAndAreAnsweredByKafka() {
        this.writer.start();
        List<CompletableFuture<RecordMetadata>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(send(i));
        }
        await().until(() -> this.producer != null && this.producer.history().size() == 10);
        assertThat(this.producer.history())
                .extracting(record -> record.value().length)
                .isSorted();
        assertThat(answers).noneMatch(CompletableFuture::isDone);

        this.producer.completeNext();

        await().until(() -> answers.get(0).isDone());
        assertThat(answers.get(0).join().offset()).isZero();
        this.producer.errorNext(new TimeoutException("no answer"));
        assertThat(failure(answers.get(1))).isInstanceOf(TimeoutException.class);
    }

    @Test
    void whatWaitsBehindAProducerThatWaitsWasNotSentAfterAQuarterOfTheTime() {
        this.waits = true;
        this.writer.start();
        CompletableFuture<RecordMetadata> taken = send(1);
        await().until(() -> this.made.get() == 1 && this.writer.waiting() == 0);
        CompletableFuture<RecordMetadata> behind = send(1);
        await().until(() -> {
            this.writer.tick();
            return behind.isDone();
        });
        this.leader.countDown();
        await().until(() -> this.producer.history().size() == 1);

        assertThat(failure(behind)).isInstanceOf(NotSentException.class);
        assertThat(taken).isNotDone();
    }

    @Test
    void whatFindsNoPlaceWasNotSent() {
        List<CompletableFuture<RecordMetadata>> answers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            answers.add(send(1 << 20));
        }

        assertThat(answers.stream().filter(CompletableFuture::isCompletedExceptionally))
                .hasSize(9);
        assertThat(failure(answers.get(39))).isInstanceOf(NotSentException.class);
    }

    @Test
    void whatTheProducerDoesNotTakeWasNotSent() {
        this.refusal = new TimeoutException("no leader");
        this.writer.start();

        assertThat(failure(send(1))).isInstanceOf(NotSentException.class);
        assertThat(this.made).hasValue(1);
    }

    @Test
    void aProducerThatHasFailedForGoodIsReplaced() {
        this.refusal = new KafkaException("fenced");
        this.writer.start();
        assertThat(failure(send(1))).isInstanceOf(NotSentException.class);
        this.refusal = null;

        CompletableFuture<RecordMetadata> next = send(1);

        await().until(() -> this.made.get() == 2 && this.producer.history().size() == 1);
        this.producer.completeNext();
        assertThat(next.join()).isNotNull();
    }

    @Test
    void afterTheCloseNothingIsSent() {
        this.writer.start();
        this.writer.close();

        assertThat(failure(send(1))).isInstanceOf(NotSentException.class);
    }
}
