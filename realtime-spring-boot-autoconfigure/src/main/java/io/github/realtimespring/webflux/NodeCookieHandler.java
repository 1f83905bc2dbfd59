package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.NodeCookie;
import org.springframework.http.HttpCookie;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;

/**
 * Tells clients which node they are on, before anything else is done with their request.
 *
 * @since 0.1.0
 */
public final class NodeCookieHandler implements WebHandler {

    private final NodeCookie cookie;
    private final WebHandler handler;

    /** @param handler answers the request */
    public NodeCookieHandler(NodeCookie cookie, WebHandler handler) {
        this.cookie = cookie;
        this.handler = handler;
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        HttpCookie sent = exchange.getRequest().getCookies().getFirst(this.cookie.name());
        String header = this.cookie.header(
                sent == null ? null : sent.getValue(),
                exchange.getRequest().getPath().contextPath().value(),
                exchange.getRequest().getSslInfo() != null
                        || "https".equals(exchange.getRequest().getURI().getScheme()));
        if (header != null) {
            exchange.getResponse().getHeaders().add(HttpHeaders.SET_COOKIE, header);
        }
        return this.handler.handle(exchange);
    }
}
