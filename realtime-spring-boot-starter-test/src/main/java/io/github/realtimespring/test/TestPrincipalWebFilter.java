package io.github.realtimespring.test;

import java.security.Principal;
import java.util.Optional;
import org.springframework.core.Ordered;
import org.springframework.util.ClassUtils;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** On WebFlux what {@link TestPrincipalFilter} is on servlet containers. */
final class TestPrincipalWebFilter implements WebFilter, Ordered {

    private static final boolean SECURITY = ClassUtils.isPresent(
            "org.springframework.security.web.server.csrf.CsrfWebFilter",
            TestPrincipalWebFilter.class.getClassLoader());

    private final TestPrincipals principals;

    TestPrincipalWebFilter(TestPrincipals principals) {
        this.principals = principals;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        Optional<Principal> known =
                this.principals.find(exchange.getRequest().getHeaders().getFirst(TestPrincipals.HEADER));
        if (known == null) {
            return chain.filter(exchange);
        }
        Principal principal = known.orElse(null);
        if (SECURITY) {
            return ReactiveTestAuthentication.admit(exchange, chain, principal);
        }
        return chain.filter(
                principal == null
                        ? exchange
                        : exchange.mutate().principal(Mono.just(principal)).build());
    }

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }
}
