package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.Problem;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Mono;

/** Answers a reactive request with a {@link Problem}. */
final class Problems {

    private Problems() {}

    static Mono<Void> send(ServerHttpResponse response, Problem problem) {
        byte[] body = problem.json();
        response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
        HttpHeaders headers = response.getHeaders();
        String retryAfter = problem.retryAfterSeconds();
        if (retryAfter != null) {
            headers.set("Retry-After", retryAfter);
        }
        headers.set("Cache-Control", "no-store");
        headers.set("Content-Type", Problem.MEDIA_TYPE);
        headers.setContentLength(body.length);
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
    }
}
