package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSession;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.web.reactive.socket.CloseStatus;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.WebSocketSession;
import org.springframework.web.reactive.socket.server.WebSocketService;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Upgrades on any server that WebFlux knows, with an ordinary {@link WebSocketSession}. The server's own limits apply too,
 * and permessage-deflate is agreed as the server likes.
 *
 * @since 0.1.0
 */
public final class SessionUpgrade implements WebSocketUpgrade {

    private static final Logger logger = LoggerFactory.getLogger(SessionUpgrade.class);

    private static final int NO_STATUS = 1005;

    private final WebSocketService service;

    public SessionUpgrade(WebSocketService service) {
        this.service = service;
    }

    @Override
    public Mono<Void> upgrade(ServerWebExchange exchange, Opening opening) {
        String subprotocol = opening.subprotocol();
        // Spring knows no spaces between offers, nor offers in several lines.
        ServerWebExchange plain = subprotocol == null
                ? exchange
                : exchange.mutate()
                        .request(request -> request.header("Sec-WebSocket-Protocol", subprotocol))
                        .build();
        return this.service.handleRequest(plain, new WebSocketHandler() {

            @Override
            public List<String> getSubProtocols() {
                return subprotocol == null ? List.of() : List.of(subprotocol);
            }

            @Override
            public Mono<Void> handle(WebSocketSession session) {
                return SessionUpgrade.handle(session, opening);
            }
        });
    }

    private static Mono<Void> handle(WebSocketSession webSocket, Opening opening) {
        Handshake handshake = opening.admission().handshake();
        if (handshake == null) {
            CloseReason refusal = opening.admission().refusal();
            return webSocket.close(status(refusal == null ? CloseReason.SERVER_ERROR : refusal));
        }
        SessionTransport transport = new SessionTransport(webSocket);
        ProtocolSession session = opening.sessions().open(handshake, transport);
        WebSessionConnections.Entry entry = opening.track(session.connection());
        Mono<Void> in = webSocket
                .receive()
                .doOnNext(message -> receive(session, message, opening.maxFrameSize()))
                .then();
        Mono<Void> out = webSocket.send(transport.messages());
        return Mono.firstWithSignal(in, out.then(Mono.never()))
                .onErrorResume(failure -> {
                    logger.debug("WebSocket session {} failed", webSocket.getId(), failure);
                    return Mono.empty();
                })
                .then(webSocket.closeStatus().defaultIfEmpty(CloseStatus.NO_CLOSE_FRAME))
                .doOnNext(status -> session.closed(reason(status)))
                .doFinally(signal -> {
                    session.closed(CloseReason.ABNORMAL);
                    if (entry != null) {
                        entry.remove();
                    }
                })
                .then();
    }

    private static void receive(ProtocolSession session, WebSocketMessage message, int maxFrameSize) {
        switch (message.getType()) {
            case TEXT -> {
                DataBuffer payload = message.getPayload();
                if (payload.readableByteCount() > maxFrameSize) {
                    session.connection().close(CloseReason.TOO_BIG);
                    return;
                }
                String text = decode(payload);
                if (text == null) {
                    session.connection().close(CloseReason.NOT_UTF8);
                } else {
                    session.receive(text);
                }
            }
            case BINARY -> session.connection().close(CloseReason.NOT_ACCEPTABLE);
            case PONG -> session.controlFrame();
            case PING -> {}
        }
    }

    private static @Nullable String decode(DataBuffer payload) {
        byte[] bytes = new byte[payload.readableByteCount()];
        payload.read(bytes);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException malformed) {
            return null;
        }
    }

    static CloseStatus status(CloseReason reason) {
        return new CloseStatus(reason.code(), reason.text());
    }

    private static CloseReason reason(CloseStatus status) {
        return status.getCode() == NO_STATUS
                ? CloseReason.ABNORMAL
                : new CloseReason(status.getCode(), status.getReason() == null ? "" : "closed by the peer", false);
    }
}
