package io.github.realtimespring.webflux;

import io.github.realtimespring.handler.RoomStream;
import io.github.realtimespring.protocol.EventStreams;
import java.util.Optional;
import org.reactivestreams.Publisher;
import org.springframework.core.Ordered;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.reactive.HandlerResult;
import org.springframework.web.reactive.HandlerResultHandler;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Serves the {@link RoomStream}, or the {@code Mono} of one, that a controller of the application returned; {@code null}, or
 * an empty one, is answered by 204, which stops an {@code EventSource}.
 *
 * @since 0.1.0
 */
public final class RoomStreamResultHandler implements HandlerResultHandler, Ordered {

    private final RealtimeEventStreamHandler handler;
    private final EventStreams streams;

    public RoomStreamResultHandler(RealtimeEventStreamHandler handler, EventStreams streams) {
        this.handler = handler;
        this.streams = streams;
    }

    /** Before the one of {@code @ResponseBody}, which would take every value. */
    @Override
    public int getOrder() {
        return 0;
    }

    @Override
    public boolean supports(HandlerResult result) {
        ResolvableType type = result.getReturnType();
        return type.resolve() == RoomStream.class
                || type.resolve() == Mono.class && type.getGeneric(0).resolve() == RoomStream.class;
    }

    @Override
    public Mono<Void> handleResult(ServerWebExchange exchange, HandlerResult result) {
        Object value = result.getReturnValue();
        Mono<?> stream = value instanceof Publisher<?> publisher ? Mono.from(publisher) : Mono.justOrEmpty(value);
        return stream.map(Optional::of)
                .defaultIfEmpty(Optional.empty())
                .flatMap(given -> given.isPresent() && given.get() instanceof RoomStream rooms
                        ? stream(exchange, rooms)
                        : nothing(exchange.getResponse()));
    }

    private Mono<Void> stream(ServerWebExchange exchange, RoomStream rooms) {
        if (HttpMethod.HEAD.equals(exchange.getRequest().getMethod())) {
            EventStreamWriter.Opening.head(exchange.getResponse());
            return exchange.getResponse().setComplete();
        }
        return this.handler.stream(exchange, (handshake, request) -> this.streams.stream(handshake, request, rooms));
    }

    private static Mono<Void> nothing(ServerHttpResponse response) {
        response.setStatusCode(HttpStatus.NO_CONTENT);
        return response.setComplete();
    }
}
