package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.HttpAnswer;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

/** Writes whole answers to reactive requests. */
final class Answers {

    private static final Logger logger = LoggerFactory.getLogger(Answers.class);

    private static final boolean NETTY =
            ClassUtils.isPresent("reactor.netty.http.server.HttpServerResponse", Answers.class.getClassLoader());

    private Answers() {}

    static Mono<Void> send(ServerHttpResponse response, HttpAnswer answer) {
        response.setStatusCode(HttpStatusCode.valueOf(answer.status()));
        HttpHeaders headers = response.getHeaders();
        answer.headers().forEach(headers::set);
        String mediaType = answer.mediaType();
        if (mediaType == null) {
            return unlessAnswered(response, response.setComplete());
        }
        headers.set("Content-Type", mediaType);
        headers.setContentLength(answer.body().length);
        return unlessAnswered(
                response,
                response.writeWith(
                        Mono.fromSupplier(() -> response.bufferFactory().wrap(answer.body()))));
    }

    /**
     * A body that cannot be decoded is answered by Reactor Netty itself, by 400 and the end of the connection, at any time:
     * then there is nothing to add, and for whoever operates the server it is no failure. Neither is a peer that goes away
     * while it is answered.
     */
    private static Mono<Void> unlessAnswered(ServerHttpResponse response, Mono<Void> answer) {
        return answer.onErrorResume(failure -> {
            if (!NETTY || !Netty.hasAnswered(ServerHttpResponseDecorator.getNativeResponse(response))) {
                return Mono.error(failure);
            }
            logger.debug("An answer could not be written", failure);
            return Mono.empty();
        });
    }

    /** @param patience how long the peer may take for it; then it is cut */
    static Mono<Void> send(ServerHttpResponse response, HttpAnswer answer, Duration patience) {
        return send(response, answer).timeout(patience, Mono.defer(() -> {
            cut(response);
            return Mono.empty();
        }));
    }

    static Mono<Void> notAllowed(ServerHttpResponse response, String allowed) {
        response.getHeaders().set("Allow", allowed);
        response.setStatusCode(HttpStatus.METHOD_NOT_ALLOWED);
        return unlessAnswered(response, response.setComplete());
    }

    /**
     * Ends an exchange whose peer takes nothing more.
     *
     * @return false if only the server can do that, by the failure of the response
     */
    static boolean cut(ServerHttpResponse response) {
        return NETTY && Netty.cut(ServerHttpResponseDecorator.getNativeResponse(response));
    }

    /**
     * Lets the end of the connection be the end of a body of unknown length, where the peer knows no chunks (RFC 9112,
     * section 6.1): Reactor Netty would write chunks to everybody.
     */
    static void withoutChunksForHttp10(ServerHttpResponse response) {
        if (NETTY) {
            Netty.withoutChunksForHttp10(ServerHttpResponseDecorator.getNativeResponse(response));
        }
    }

    /** Loaded only where Reactor Netty is there. */
    private static final class Netty {

        static void withoutChunksForHttp10(Object response) {
            if (response instanceof HttpServerResponse netty
                    && "HTTP/1.0".equals(netty.version().text())) {
                netty.chunkedTransfer(false);
            }
        }

        static boolean hasAnswered(Object response) {
            return response instanceof HttpServerResponse netty && netty.hasSentHeaders();
        }

        static boolean cut(Object response) {
            if (!(response instanceof HttpServerResponse netty)) {
                return false;
            }
            netty.withConnection(connection -> connection.channel().close());
            return true;
        }
    }
}
