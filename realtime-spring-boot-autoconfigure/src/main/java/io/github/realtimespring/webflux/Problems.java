package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.HttpAnswer;
import io.github.realtimespring.protocol.Problem;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Mono;

/** Answers a reactive request with a {@link Problem}. */
final class Problems {

    private Problems() {}

    static Mono<Void> send(ServerHttpResponse response, Problem problem) {
        return Answers.send(response, HttpAnswer.of(problem));
    }
}
