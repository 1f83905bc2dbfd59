package io.github.realtimespring.webflux;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.HttpAnswer;
import io.github.realtimespring.protocol.Problem;
import io.github.realtimespring.protocol.Sends;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpMethod;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Answers {@code POST <base-path>/send}: one {@code publish} frame, whose {@code ack} or {@code error} is the response
 * body (PROTOCOL). The application's security sees an ordinary request: protection against CSRF works as for any other.
 *
 * @since 0.1.0
 */
public final class RealtimeSendHandler implements WebHandler {

    private static final Logger logger = LoggerFactory.getLogger(RealtimeSendHandler.class);

    private final Handshakes handshakes;
    private final Sends sends;
    private final Duration timeout;
    private final Duration patience;
    private final Scheduler application;

    /**
     * @param timeout when a request ends that was not answered; longer than a handler may take
     * @param patience how long a client may take to read its answer
     * @param application runs the application's part of a handshake; may block
     */
    public RealtimeSendHandler(
            Handshakes handshakes, Sends sends, Duration timeout, Duration patience, Executor application) {
        this.handshakes = handshakes;
        this.sends = sends;
        this.timeout = timeout;
        this.patience = patience;
        this.application = Schedulers.fromExecutor(application);
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        return HttpMethod.POST.equals(exchange.getRequest().getMethod())
                ? Requests.describe(exchange).flatMap(request -> handle(exchange, request))
                : Answers.notAllowed(exchange.getResponse(), "POST");
    }

    private Mono<Void> handle(ServerWebExchange exchange, HandshakeRequest request) {
        ServerHttpResponse response = exchange.getResponse();
        HttpAnswer refusal = refusal(exchange.getRequest(), request);
        if (refusal != null) {
            return Answers.send(response, refusal, this.patience);
        }
        return Mono.fromCallable(() -> this.handshakes.accept(request))
                .subscribeOn(this.application)
                .flatMap(handshake -> body(exchange.getRequest())
                        .map(body -> send(handshake, request, body, Requests.address(exchange)))
                        .onErrorResume(failure -> Mono.just(Mono.just(unreadable(failure))))
                        .flatMap(Function.identity()))
                .onErrorResume(failure -> Mono.just(this.sends.refused(this.handshakes.problem(failure))))
                .timeout(this.timeout, Mono.fromSupplier(() -> late(response)))
                .flatMap(answer -> Answers.send(response, answer, this.patience));
    }

    private @Nullable HttpAnswer refusal(ServerHttpRequest request, HandshakeRequest described) {
        Problem foreign = this.handshakes.foreignOrigin(described);
        if (foreign != null) {
            return this.sends.refused(foreign);
        }
        if (!isJson(request.getHeaders().getFirst("Content-Type"))) {
            // What a form of another site can send is never JSON.
            return this.sends.refused(Problem.of(ErrorCode.BAD_REQUEST, "the body is application/json"));
        }
        return request.getHeaders().getContentLength() > this.sends.maxBytes() ? this.sends.tooLarge() : null;
    }

    private static boolean isJson(@Nullable String type) {
        try {
            return type != null && MediaType.APPLICATION_JSON.isCompatibleWith(MediaType.parseMediaType(type));
        } catch (InvalidMediaTypeException ex) {
            return false;
        }
    }

    /** No more of the body than allowed, without a thread that waits for it. */
    private Mono<byte[]> body(ServerHttpRequest request) {
        return DataBufferUtils.join(request.getBody(), this.sends.maxBytes())
                .map(RealtimeSendHandler::bytes)
                .defaultIfEmpty(new byte[0]);
    }

    /** A client that goes away while it sends is no failure of the server's. */
    private HttpAnswer unreadable(Throwable failure) {
        if (failure instanceof DataBufferLimitException) {
            return this.sends.tooLarge();
        }
        logger.debug("The body of a request could not be read", failure);
        return this.sends.refused(Problem.of(ErrorCode.BAD_REQUEST, "the body could not be read"));
    }

    private static byte[] bytes(DataBuffer buffer) {
        byte[] bytes = new byte[buffer.readableByteCount()];
        buffer.read(bytes);
        DataBufferUtils.release(buffer);
        return bytes;
    }

    private Mono<HttpAnswer> send(
            Handshake handshake, HandshakeRequest request, byte[] body, @Nullable String address) {
        return Mono.create(sink -> this.sends.send(handshake, request, body, address, sink::success));
    }

    /** What is left of the body is not waited for. */
    private HttpAnswer late(ServerHttpResponse response) {
        response.getHeaders().set("Connection", "close");
        return this.sends.refused(Problem.of(ErrorCode.UNAVAILABLE, "the request took too long"));
    }
}
