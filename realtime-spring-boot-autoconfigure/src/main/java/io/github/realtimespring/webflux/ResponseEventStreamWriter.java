package io.github.realtimespring.webflux;

import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Writes event streams on any server that WebFlux knows, as the ordinary body of a response.
 *
 * @since 0.1.0
 */
public final class ResponseEventStreamWriter implements EventStreamWriter {

    @Override
    public Mono<Void> write(ServerWebExchange exchange, Opening opening) {
        return Mono.defer(() -> {
            ResponseTransport transport = new ResponseTransport(exchange.getResponse(), opening);
            return transport.write().doFinally(signal -> transport.ended());
        });
    }
}
