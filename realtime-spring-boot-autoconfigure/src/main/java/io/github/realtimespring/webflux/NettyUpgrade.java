package io.github.realtimespring.webflux;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.http.server.WebsocketServerSpec;
import reactor.netty.http.websocket.WebsocketInbound;

/**
 * Lets Reactor Netty answer the handshake and then puts a {@link WebSocketEndpoint} in front of its handler. Where the
 * server is another one, {@link SessionUpgrade} does it.
 *
 * @since 0.1.0
 */
public final class NettyUpgrade implements WebSocketUpgrade {

    private final WebSocketLoops loops;
    private final WebSocketUpgrade others;

    /**
     * @param others for every other server
     */
    public NettyUpgrade(WebSocketLoops loops, WebSocketUpgrade others) {
        this.loops = loops;
        this.others = others;
    }

    @Override
    public Mono<Void> upgrade(ServerWebExchange exchange, Opening opening) {
        ServerHttpResponse response = exchange.getResponse();
        if (!(ServerHttpResponseDecorator.getNativeResponse(response) instanceof HttpServerResponse netty)
                || !(ServerHttpRequestDecorator.getNativeRequest(exchange.getRequest())
                        instanceof HttpServerRequest request)) {
            return this.others.upgrade(exchange, opening);
        }
        WebsocketServerSpec.Builder spec = WebsocketServerSpec.builder()
                .maxFramePayloadLength(opening.maxFrameSize())
                .handlePing(true)
                .maxDecompressionBufferSize(opening.maxFrameSize())
                .compress(opening.compression())
                .compressionAllowServerNoContext(true);
        HttpHeaders headers = request.requestHeaders();
        if (opening.subprotocol() != null) {
            // The offers may be spread over several lines, of which Netty reads one; and tokens are none of its
            // business.
            headers.set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, opening.subprotocol());
            spec.protocols(opening.subprotocol());
        }
        AtomicReference<@Nullable EventLoop> loop = new AtomicReference<>();
        netty.withConnection(connection -> loop.set(connection.channel().eventLoop()));
        return response.setComplete()
                .then(Mono.defer(() -> netty.sendWebsocket((in, out) -> open(in, headers, opening), spec.build())))
                // Else the handshake may be over before there is a listener, which then runs here.
                .subscribeOn(Schedulers.fromExecutor(Objects.requireNonNull(loop.get())));
    }

    /** On the event loop, after the answer was written. */
    private Publisher<Void> open(WebsocketInbound in, HttpHeaders headers, Opening opening) {
        in.withConnection(connection -> {
            Channel channel = connection.channel();
            ChannelPipeline pipeline = channel.pipeline();
            if (!channel.eventLoop().inEventLoop() || pipeline.get(WebSocketFrameEncoder.class) == null) {
                throw new IllegalStateException("not the pipeline of a WebSocket: " + pipeline.names());
            }
            // What Reactor Netty keeps as long as the channel needs no credentials.
            headers.clear();
            pipeline.addBefore(
                    NettyPipeline.ReactiveBridge, "realtime.webSocket", new WebSocketEndpoint(this.loops, opening));
        });
        return Mono.never();
    }
}
