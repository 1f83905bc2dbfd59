package io.github.realtimespring.webflux;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.protocol.Admission;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Problem;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.Subprotocols;
import io.github.realtimespring.protocol.WebSocketSettings;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * The handshake of the WebSocket transport at {@code <base-path>/ws} (SPEC §9, §15; PROTOCOL, authentication).
 *
 * <p>{@link Handshakes} decides who may connect, on the threads of handlers and never on an event loop, because the
 * application's code may wait there; then the {@link WebSocketUpgrade} makes the WebSocket.
 *
 * @since 0.1.0
 */
public final class RealtimeWebSocketHandler implements WebHandler {

    private final Handshakes handshakes;
    private final ProtocolSessions sessions;
    private final WebSocketSettings settings;
    private final WebSocketUpgrade upgrade;
    private final WebSessionConnections webSessions;
    private final Scheduler application;

    /**
     * @param application runs the application's part of a handshake; may block
     */
    public RealtimeWebSocketHandler(
            Handshakes handshakes,
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketUpgrade upgrade,
            WebSessionConnections webSessions,
            Executor application) {
        this.handshakes = handshakes;
        this.sessions = sessions;
        this.settings = settings;
        this.upgrade = upgrade;
        this.webSessions = webSessions;
        this.application = Schedulers.fromExecutor(application);
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        if (!HttpMethod.GET.equals(exchange.getRequest().getMethod())) {
            return Answers.notAllowed(exchange.getResponse(), "GET");
        }
        return Requests.describe(exchange).flatMap(request -> handle(exchange, request));
    }

    private Mono<Void> handle(ServerWebExchange exchange, HandshakeRequest request) {
        ServerHttpResponse response = exchange.getResponse();
        Problem refusal = this.handshakes.refusal(request);
        if (refusal != null) {
            return Problems.send(response, refusal);
        }
        if (!"websocket".equalsIgnoreCase(request.header("Upgrade")) || !"13".equals(version(request))) {
            response.getHeaders().set("Upgrade", "websocket");
            response.getHeaders().set("Connection", "Upgrade");
            response.getHeaders().set("Sec-WebSocket-Version", "13");
            return answer(response, HttpStatus.UPGRADE_REQUIRED);
        }
        Problem malformed = malformed(request);
        if (malformed != null) {
            return Problems.send(response, malformed);
        }
        HttpHeaders headers = exchange.getRequest().getHeaders();
        Subprotocols subprotocols = Subprotocols.of(headers.getOrDefault("Sec-WebSocket-Protocol", List.of()));
        if (!subprotocols.acceptable()) {
            return Problems.send(response, Problem.of(ErrorCode.BAD_REQUEST, "no version of the protocol in common"));
        }
        String token = this.settings.bearerSubprotocol() ? subprotocols.token() : null;
        Mono<Optional<WebSessionConnections.Login>> session =
                token == null ? WebSessionConnections.of(exchange, request.principal()) : Mono.just(Optional.empty());
        return session.flatMap(login -> Mono.defer(
                                () -> Mono.fromCompletionStage(this.handshakes.admit(request, token)))
                        .subscribeOn(this.application)
                        .delayUntil(admission -> WebSessionConnections.alive(login))
                        .map(admission -> Optional.of(opening(subprotocols, admission, login.orElse(null)))))
                .onErrorResume(failure -> Problems.send(response, this.handshakes.problem(failure))
                        .thenReturn(Optional.empty()))
                .flatMap(opening -> opening.isEmpty() ? Mono.empty() : this.upgrade.upgrade(exchange, opening.get()));
    }

    private static @Nullable String version(HandshakeRequest request) {
        String version = request.header("Sec-WebSocket-Version");
        return version == null ? null : version.trim();
    }

    private static @Nullable Problem malformed(HandshakeRequest request) {
        String connection = request.header("Connection");
        String key = request.header("Sec-WebSocket-Key");
        boolean upgrades =
                connection != null && connection.toLowerCase(Locale.ROOT).contains("upgrade");
        return upgrades && key != null && !key.isBlank()
                ? null
                : Problem.of(ErrorCode.BAD_REQUEST, "not a handshake of WebSocket");
    }

    private WebSocketUpgrade.Opening opening(
            Subprotocols subprotocols, Admission admission, WebSessionConnections.@Nullable Login login) {
        return new WebSocketUpgrade.Opening(
                this.sessions,
                admission,
                subprotocols.agreed(),
                this.settings.maxFrameSize(),
                this.settings.compression(),
                login,
                this.webSessions);
    }

    private static Mono<Void> answer(ServerHttpResponse response, HttpStatus status) {
        response.setStatusCode(status);
        return response.setComplete();
    }
}
