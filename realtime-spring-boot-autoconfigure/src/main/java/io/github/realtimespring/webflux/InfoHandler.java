package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.ServerInfo;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;

/**
 * Answers {@code GET <base-path>/info} with the {@link ServerInfo}.
 *
 * @since 0.1.0
 */
public final class InfoHandler implements WebHandler {

    private final byte[] info;

    public InfoHandler(ServerInfo info) {
        this.info = info.json();
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        ServerHttpResponse response = exchange.getResponse();
        HttpHeaders headers = response.getHeaders();
        if (!HttpMethod.GET.equals(exchange.getRequest().getMethod())) {
            return Answers.notAllowed(response, "GET");
        }
        headers.set("Content-Type", "application/json");
        headers.set("Cache-Control", "no-store");
        headers.setContentLength(this.info.length);
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(this.info)));
    }
}
