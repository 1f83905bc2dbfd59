package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.EventStreams;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Problem;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Answers {@code GET <base-path>/sse} with an event stream (SPEC §9, PROTOCOL SSE). The origin is checked (403), room for
 * one more connection looked for (503), then the client is who the application's security says it is, which is found out
 * on the threads of handlers.
 *
 * @since 0.1.0
 */
public final class RealtimeEventStreamHandler implements WebHandler {

    private final Handshakes handshakes;
    private final EventStreams streams;
    private final EventStreamWriter writer;
    private final WebSessionConnections webSessions;
    private final Scheduler application;

    /**
     * @param application runs the application's part of a handshake; may block
     */
    public RealtimeEventStreamHandler(
            Handshakes handshakes,
            EventStreams streams,
            EventStreamWriter writer,
            WebSessionConnections webSessions,
            Executor application) {
        this.handshakes = handshakes;
        this.streams = streams;
        this.writer = writer;
        this.webSessions = webSessions;
        this.application = Schedulers.fromExecutor(application);
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        return HttpMethod.GET.equals(exchange.getRequest().getMethod())
                ? stream(exchange, this.streams::stream)
                : Answers.notAllowed(exchange.getResponse(), "GET");
    }

    /** Answers with the stream that {@code choose} makes of the handshake, or with a problem. */
    Mono<Void> stream(ServerWebExchange exchange, BiFunction<Handshake, HandshakeRequest, EventStream> choose) {
        return Requests.describe(exchange).flatMap(request -> stream(exchange, request, choose));
    }

    private Mono<Void> stream(
            ServerWebExchange exchange,
            HandshakeRequest request,
            BiFunction<Handshake, HandshakeRequest, EventStream> choose) {
        ServerHttpResponse response = exchange.getResponse();
        Problem refusal = this.handshakes.refusal(request);
        if (refusal != null) {
            return Problems.send(response, refusal);
        }
        if (this.streams.isOver(request)) {
            response.setStatusCode(HttpStatus.NO_CONTENT);
            return response.setComplete();
        }
        return WebSessionConnections.of(exchange, request.principal())
                .flatMap(login -> Mono.fromCallable(() -> choose.apply(this.handshakes.accept(request), request))
                        .subscribeOn(this.application)
                        .delayUntil(stream -> WebSessionConnections.alive(login))
                        .flatMap(stream -> this.writer.write(
                                exchange, new EventStreamWriter.Opening(stream, login.orElse(null), this.webSessions))))
                .onErrorResume(failure -> response.isCommitted()
                        ? Mono.error(failure)
                        : Problems.send(response, this.handshakes.problem(failure)));
    }
}
