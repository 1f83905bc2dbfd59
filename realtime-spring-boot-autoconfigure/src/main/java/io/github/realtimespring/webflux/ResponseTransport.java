package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.ProtocolSession;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One event stream as the body of an ordinary response: what waits goes out as one buffer each time the server asks for one.
 *
 * <h2>Concurrency</h2>
 *
 * The fields are under this object's monitor, a leaf; {@code cut} is set by the drain before it ends the exchange.
 */
final class ResponseTransport implements ConnectionTransport {

    private final ServerHttpResponse response;
    private final EventStreamWriter.Opening opening;
    private final EventStream stream;
    private final SinkDrain<Publisher<DataBuffer>> drain;
    private @Nullable ProtocolSession session;
    private WebSessionConnections.@Nullable Entry webSession;
    private @Nullable CloseReason closing;
    private boolean ended;
    private volatile boolean cut;

    ResponseTransport(ServerHttpResponse response, EventStreamWriter.Opening opening) {
        this.response = response;
        this.opening = opening;
        this.stream = opening.stream();
        this.drain = new SinkDrain<>(frames -> part(this.stream.encode(frames)));
    }

    private Publisher<DataBuffer> part(byte[] bytes) {
        return Mono.fromSupplier(() -> this.response.bufferFactory().wrap(bytes));
    }

    /**
     * Opens the session and answers with the stream.
     *
     * @throws io.github.realtimespring.RealtimeException if the connection is not admitted
     */
    Mono<Void> write() {
        ProtocolSession session = this.stream.open(this);
        WebSessionConnections.Entry webSession = this.opening.track(session.connection());
        CloseReason closing;
        synchronized (this) {
            this.session = session;
            this.webSession = webSession;
            closing = this.closing;
        }
        EventStreamWriter.Opening.head(this.response);
        Answers.withoutChunksForHttp10(this.response);
        if (closing != null) {
            finish(closing);
        }
        return this.response
                .writeAndFlushWith(Flux.concat(Mono.just(part(this.stream.preamble())), this.drain.messages()))
                // What was still to be written fails then, which is no news.
                .onErrorComplete(failure -> this.cut);
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.drain.wakeUp(queue);
    }

    @Override
    public void close(CloseReason reason) {
        synchronized (this) {
            this.closing = reason;
            if (this.session == null || this.ended) {
                return;
            }
        }
        finish(reason);
    }

    private void finish(CloseReason reason) {
        this.drain.finish(part(this.stream.farewell(reason)), this::cut);
    }

    private boolean cut() {
        // Before writes begin to fail.
        this.cut = true;
        this.cut = Answers.cut(this.response);
        return this.cut;
    }

    /** The exchange is over, whoever ended it. */
    void ended() {
        ProtocolSession session;
        WebSessionConnections.Entry webSession;
        CloseReason closing;
        synchronized (this) {
            if (this.ended) {
                return;
            }
            this.ended = true;
            session = this.session;
            webSession = this.webSession;
            closing = this.closing;
        }
        if (webSession != null) {
            webSession.remove();
        }
        if (session != null) {
            session.closed(closing == null ? CloseReason.ABNORMAL : closing);
        }
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "sse";
    }

    /** An {@code EventSource} cannot answer. */
    @Override
    public Heartbeat heartbeat() {
        return Heartbeat.WRITTEN;
    }
}
