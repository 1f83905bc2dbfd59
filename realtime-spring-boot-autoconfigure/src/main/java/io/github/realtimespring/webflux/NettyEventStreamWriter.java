package io.github.realtimespring.webflux;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.AbstractServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServerResponse;

/**
 * Lets Reactor Netty write the headers and the end of a response, and chunks between them past it, see {@link
 * EventStreamTransport}. Where the server is another one, the response a stream of HTTP/2 or has no chunks, or a filter of the
 * application wants to see its body, {@link ResponseEventStreamWriter} writes it.
 *
 * @since 0.1.0
 */
public final class NettyEventStreamWriter implements EventStreamWriter {

    private final WebSocketLoops loops;
    private final EventStreamWriter others;

    /**
     * @param others for every other server
     */
    public NettyEventStreamWriter(WebSocketLoops loops, EventStreamWriter others) {
        this.loops = loops;
        this.others = others;
    }

    @Override
    public Mono<Void> write(ServerWebExchange exchange, Opening opening) {
        ServerHttpResponse response = exchange.getResponse();
        if (!(response instanceof AbstractServerHttpResponse plain)
                || !(plain.getNativeResponse() instanceof HttpServerResponse netty)) {
            return this.others.write(exchange, opening);
        }
        ChannelHandlerContext codec = codec(netty);
        return codec == null || !isChunked(netty)
                ? this.others.write(exchange, opening)
                : write(response, netty, codec, opening);
    }

    /** It is there in the channels of HTTP/1.1. */
    private static @Nullable ChannelHandlerContext codec(HttpServerResponse netty) {
        AtomicReference<@Nullable ChannelHandlerContext> codec = new AtomicReference<>();
        netty.withConnection(
                connection -> codec.set(connection.channel().pipeline().context(HttpServerCodec.class)));
        return codec.get();
    }

    private static boolean isChunked(HttpServerResponse netty) {
        return "HTTP/1.1".equals(netty.version().text())
                && netty.responseHeaders()
                        .containsValue(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED, true);
    }

    private Mono<Void> write(
            ServerHttpResponse response, HttpServerResponse netty, ChannelHandlerContext codec, Opening opening) {
        Channel channel = codec.channel();
        EventStreamTransport transport = new EventStreamTransport(opening, this.loops.of(channel.eventLoop()), channel);
        return Mono.defer(() -> {
                    transport.open();
                    Opening.head(response);
                    // What is written past the compression must not be announced as compressed.
                    netty.compression(false);
                    return response.setComplete();
                })
                .then(Mono.defer(() -> netty.sendHeaders().then()))
                .then(Mono.<Void>create(sink -> transport.begin(codec, sink)))
                .doFinally(signal -> transport.ended())
                .subscribeOn(Schedulers.fromExecutor(channel.eventLoop()));
    }
}
