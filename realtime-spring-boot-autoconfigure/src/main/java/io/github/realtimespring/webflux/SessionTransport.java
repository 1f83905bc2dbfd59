package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.TextMessages;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.WebSocketSession;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

/**
 * Drains one connection's queue into an ordinary {@link WebSocketSession}: what waits goes out as one text message each time
 * the server asks for one.
 *
 * <h2>Concurrency</h2>
 *
 * {@code work} counts what happened since the drain began: whoever raises it from zero drains, the others leave the drain to
 * it. {@code inFlight} belongs to the drain.
 */
final class SessionTransport implements ConnectionTransport {

    private static final Logger logger = LoggerFactory.getLogger(SessionTransport.class);

    /** Servers ask for more than one message ahead, so a message is small. */
    private static final int MAX_MESSAGE = 8 << 10;

    /** How long a message in flight, and the peer's answer to a close, may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final WebSocketSession session;
    private final AtomicInteger work = new AtomicInteger();
    private volatile @Nullable SendQueue queue;
    private volatile @Nullable FluxSink<WebSocketMessage> sink;
    private boolean inFlight;

    SessionTransport(WebSocketSession session) {
        this.session = session;
    }

    /** What the session sends; for one subscriber. */
    Flux<WebSocketMessage> messages() {
        return Flux.create(
                sink -> {
                    this.sink = sink;
                    sink.onRequest(requested -> drain());
                },
                FluxSink.OverflowStrategy.ERROR);
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.queue = queue;
        drain();
    }

    private void drain() {
        if (this.work.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            SendQueue queue = this.queue;
            FluxSink<WebSocketMessage> sink = this.sink;
            if (queue != null && sink != null) {
                send(queue, sink);
            }
            missed = this.work.addAndGet(-missed);
        } while (missed != 0);
    }

    /** A message counts as written when the server asks for the next one. */
    private void send(SendQueue queue, FluxSink<WebSocketMessage> sink) {
        while (sink.requestedFromDownstream() > 0 && !sink.isCancelled()) {
            if (this.inFlight) {
                this.inFlight = false;
                queue.written();
            }
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                return;
            }
            this.inFlight = true;
            sink.next(this.session.textMessage(TextMessages.join(batch)));
        }
    }

    @Override
    public void close(CloseReason reason) {
        this.session
                .close(SessionUpgrade.status(reason))
                .timeout(PATIENCE)
                .onErrorResume(failure -> {
                    logger.debug("Session was closed already or its peer is gone", failure);
                    return Mono.empty();
                })
                .subscribe();
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "websocket";
    }
}
