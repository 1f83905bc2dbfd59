package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.HandshakeRequest;
import java.net.InetSocketAddress;
import java.security.Principal;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.util.ClassUtils;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Copies out of a reactive request what a handshake is decided by. */
final class Requests {

    static final boolean SECURITY = ClassUtils.isPresent(
            "org.springframework.security.authentication.AnonymousAuthenticationToken",
            Requests.class.getClassLoader());

    private Requests() {}

    /** With who the application's security says it is. */
    static Mono<HandshakeRequest> describe(ServerWebExchange exchange) {
        return principal(exchange)
                .map(principal -> describe(exchange.getRequest(), principal))
                .switchIfEmpty(Mono.fromSupplier(() -> describe(exchange.getRequest(), null)));
    }

    /** Empty for anonymous clients; looks anew each time. */
    static Mono<Principal> principal(ServerWebExchange exchange) {
        return exchange.<Principal>getPrincipal().filter(principal -> !SECURITY || !Security.isAnonymous(principal));
    }

    /** Where the client is; {@code null} if the server cannot say. */
    static @Nullable String address(ServerWebExchange exchange) {
        InetSocketAddress address = exchange.getRequest().getRemoteAddress();
        return address == null ? null : address.getHostString();
    }

    private static HandshakeRequest describe(ServerHttpRequest request, @Nullable Principal principal) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        request.getHeaders().forEach(headers::put);
        return new HandshakeRequest(request.getURI(), headers, principal);
    }

    /** Loaded only where Spring Security is there. */
    private static final class Security {

        static boolean isAnonymous(Principal principal) {
            return principal instanceof AnonymousAuthenticationToken;
        }
    }
}
