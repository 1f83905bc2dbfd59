package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.ClientScript;
import java.time.Instant;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebHandler;
import reactor.core.publisher.Mono;

/**
 * Serves the {@link ClientScript} at {@code <base-path>/client/realtime.js}.
 *
 * @since 0.1.0
 */
public final class ClientScriptHandler implements WebHandler {

    private final ClientScript script;

    public ClientScriptHandler(ClientScript script) {
        this.script = script;
    }

    @Override
    public Mono<Void> handle(ServerWebExchange exchange) {
        ServerHttpResponse response = exchange.getResponse();
        HttpHeaders headers = response.getHeaders();
        boolean head = HttpMethod.HEAD.equals(exchange.getRequest().getMethod());
        if (!head && !HttpMethod.GET.equals(exchange.getRequest().getMethod())) {
            return Answers.notAllowed(response, "GET, HEAD");
        }
        headers.set("Cache-Control", ClientScript.CACHE_CONTROL);
        headers.set("X-Content-Type-Options", "nosniff");
        if (exchange.checkNotModified(this.script.etag(), Instant.MIN)) {
            return response.setComplete();
        }
        headers.set("Content-Type", ClientScript.MEDIA_TYPE);
        headers.setContentLength(this.script.bytes().length);
        return head
                ? response.setComplete()
                : response.writeWith(
                        Mono.fromSupplier(() -> response.bufferFactory().wrap(this.script.bytes())));
    }
}
