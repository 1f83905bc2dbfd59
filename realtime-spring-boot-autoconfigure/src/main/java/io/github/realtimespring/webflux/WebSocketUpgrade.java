package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.Admission;
import io.github.realtimespring.protocol.ProtocolSessions;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Turns a request into a WebSocket, as the server does it: {@link NettyUpgrade} on Reactor Netty, {@link SessionUpgrade}
 * everywhere.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface WebSocketUpgrade {

    /**
     * What the handshake found out.
     *
     * @param sessions opens the session
     * @param admission who it is, or why it is closed at once
     * @param subprotocol the one that is agreed, or {@code null}
     * @param maxFrameSize how large a message of the client may be, in bytes
     * @param compression whether permessage-deflate may be agreed
     * @param login the session that authenticated it, or {@code null}
     * @param webSessions ends the connection with it
     */
    record Opening(
            ProtocolSessions sessions,
            Admission admission,
            @Nullable String subprotocol,
            int maxFrameSize,
            boolean compression,
            WebSessionConnections.@Nullable Login login,
            WebSessionConnections webSessions) {

        /** From now on the end of the web session, if there is one, ends {@code connection}. */
        WebSessionConnections.@Nullable Entry track(Connection connection) {
            return this.webSessions.add(this.login, connection);
        }
    }

    /** Completes when the WebSocket is open, or when it has ended; fails if there is none. */
    Mono<Void> upgrade(ServerWebExchange exchange, Opening opening);
}
