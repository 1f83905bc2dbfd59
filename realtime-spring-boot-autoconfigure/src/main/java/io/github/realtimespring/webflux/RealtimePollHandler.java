package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.HttpAnswer;
import io.github.realtimespring.protocol.Polls;
import io.github.realtimespring.protocol.Problem;
import java.time.Duration;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Answers {@code GET <base-path>/poll} (SPEC §9, PROTOCOL long polling): the origin is checked (403), the client is who the
 * application's security says it is, and a first poll needs room for one more connection (503).
 *
 * @since 0.1.0
 */
public final class RealtimePollHandler implements WebHandler {

    private final Handshakes handshakes;
    private final Polls polls;
    private final WebSessionConnections webSessions;
    private final Duration patience;
    private final Scheduler application;

    /**
     * @param patience how long a client may take to read its answer
     * @param application runs the application's part of a handshake; may block
     */
    public RealtimePollHandler(
            Handshakes handshakes,
            Polls polls,
            WebSessionConnections webSessions,
            Duration patience,
            Executor application) {
        this.handshakes = handshakes;
        this.polls = polls;
        this.webSessions = webSessions;
        this.patience = patience;
        this.application = Schedulers.fromExecutor(application);
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        return HttpMethod.GET.equals(exchange.getRequest().getMethod())
                ? Requests.describe(exchange).flatMap(request -> handle(exchange, request))
                : Answers.notAllowed(exchange.getResponse(), "GET");
    }

    private Mono<Void> handle(ServerWebExchange exchange, HandshakeRequest request) {
        ServerHttpResponse response = exchange.getResponse();
        Problem foreign = this.handshakes.foreignOrigin(request);
        if (foreign != null) {
            return Problems.send(response, foreign);
        }
        return WebSessionConnections.of(exchange, request.principal())
                .flatMap(login -> Mono.fromCallable(() -> this.handshakes.accept(request))
                        .subscribeOn(this.application)
                        .delayUntil(handshake -> WebSessionConnections.alive(login))
                        .flatMap(handshake -> poll(handshake, request, Requests.address(exchange), login.orElse(null))))
                .onErrorResume(failure -> Mono.just(HttpAnswer.of(this.handshakes.problem(failure))))
                .flatMap(answer -> Answers.send(response, answer, this.patience));
    }

    private Mono<HttpAnswer> poll(
            Handshake handshake,
            HandshakeRequest request,
            @Nullable String address,
            WebSessionConnections.@Nullable Login login) {
        return Mono.create(sink -> {
            Connection connection =
                    this.polls.poll(handshake, request, address, this.handshakes.refusal(request), sink::success);
            WebSessionConnections.Entry entry = connection == null ? null : this.webSessions.add(login, connection);
            if (entry != null) {
                sink.onDispose(entry::remove);
            }
        });
    }
}
