package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * Drains one connection's queue into what a server subscribes to, on any server: what waits goes out as one message each
 * time the server asks for one.
 *
 * <h2>Concurrency</h2>
 *
 * {@code work} counts what happened since the drain began: whoever raises it from zero drains, the others leave the drain to
 * it. {@code inFlight} and {@code finished} belong to the drain.
 *
 * @param <T> a message, as the server takes it
 */
final class SinkDrain<T> {

    /** Servers ask for more than one message ahead, so a message is small. */
    private static final int MAX_MESSAGE = 8 << 10;

    private final Function<List<Frame>, T> encoding;
    private final AtomicInteger work = new AtomicInteger();
    private volatile @Nullable SendQueue queue;
    private volatile @Nullable FluxSink<T> sink;
    private volatile @Nullable Ending<T> ending;
    private boolean inFlight;
    private boolean finished;

    private record Ending<T>(T last, BooleanSupplier stuck) {}

    /** @param encoding called by the drain, one call at a time */
    SinkDrain(Function<List<Frame>, T> encoding) {
        this.encoding = encoding;
    }

    /** What the server sends; for one subscriber. */
    Flux<T> messages() {
        return Flux.create(
                sink -> {
                    this.sink = sink;
                    sink.onRequest(requested -> drain());
                },
                FluxSink.OverflowStrategy.ERROR);
    }

    void wakeUp(SendQueue queue) {
        this.queue = queue;
        drain();
    }

    /**
     * Sends {@code last} and completes, once, behind everything that was sent.
     *
     * @param stuck runs instead if the server does not ask for more now, and says whether that has ended the exchange
     */
    void finish(T last, BooleanSupplier stuck) {
        this.ending = new Ending<>(last, stuck);
        drain();
    }

    private void drain() {
        if (this.work.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            FluxSink<T> sink = this.sink;
            if (sink != null && !this.finished) {
                send(sink);
            }
            missed = this.work.addAndGet(-missed);
        } while (missed != 0);
    }

    /** A message counts as written when the server asks for the next one. */
    private void send(FluxSink<T> sink) {
        SendQueue queue = this.queue;
        while (queue != null && sink.requestedFromDownstream() > 0 && !sink.isCancelled()) {
            if (this.inFlight) {
                this.inFlight = false;
                queue.written();
            }
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                break;
            }
            this.inFlight = true;
            sink.next(this.encoding.apply(batch));
        }
        Ending<T> ending = this.ending;
        if (ending == null) {
            return;
        }
        this.finished = true;
        if (sink.requestedFromDownstream() > 0) {
            sink.next(ending.last());
            sink.complete();
        } else if (!ending.stuck().getAsBoolean()) {
            sink.error(new IOException("the peer takes nothing more"));
        }
    }
}
