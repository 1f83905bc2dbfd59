package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.EventStream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Answers a request with an event stream, as the server does it: {@link NettyEventStreamWriter} on Reactor Netty,
 * {@link ResponseEventStreamWriter} everywhere.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface EventStreamWriter {

    /**
     * What the request found out.
     *
     * @param stream what is written
     * @param login the session that authenticated it, or {@code null}
     * @param webSessions ends the stream with it
     */
    record Opening(EventStream stream, WebSessionConnections.@Nullable Login login, WebSessionConnections webSessions) {

        /** From now on the end of the web session, if there is one, ends {@code connection}. */
        WebSessionConnections.@Nullable Entry track(Connection connection) {
            return this.webSessions.add(this.login, connection);
        }

        static void head(ServerHttpResponse response) {
            response.setStatusCode(HttpStatus.OK);
            HttpHeaders headers = response.getHeaders();
            headers.set("Content-Type", EventStream.MEDIA_TYPE + ";charset=UTF-8");
            headers.set("Cache-Control", "no-store, no-transform");
            // A proxy that collects a response would keep this one for good.
            headers.set("X-Accel-Buffering", "no");
        }
    }

    /**
     * Completes when the stream has ended.
     *
     * @return fails with a {@link io.github.realtimespring.RealtimeException} before anything was answered, if the connection
     *     is not admitted
     */
    Mono<Void> write(ServerWebExchange exchange, Opening opening);
}
