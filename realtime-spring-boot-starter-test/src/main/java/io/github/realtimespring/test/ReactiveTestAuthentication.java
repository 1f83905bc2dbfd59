package io.github.realtimespring.test;

import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import org.springframework.security.web.server.csrf.CsrfWebFilter;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Loaded only where Spring Security and Reactor are: an application on a servlet container has no Reactor. */
final class ReactiveTestAuthentication {

    private ReactiveTestAuthentication() {}

    /** Whoever is in the context already is not looked for in a session. */
    static Mono<Void> admit(ServerWebExchange exchange, WebFilterChain chain, @Nullable Principal principal) {
        CsrfWebFilter.skipExchange(exchange);
        Mono<Void> answer = chain.filter(exchange);
        return principal == null
                ? answer
                : answer.contextWrite(
                        ReactiveSecurityContextHolder.withAuthentication(TestAuthentication.known(principal)));
    }
}
