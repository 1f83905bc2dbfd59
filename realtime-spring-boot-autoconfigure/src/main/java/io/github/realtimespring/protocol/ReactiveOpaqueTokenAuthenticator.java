package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.util.concurrent.CompletionStage;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OAuth2IntrospectionException;
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector;
import reactor.core.publisher.Mono;

/**
 * {@link OpaqueTokenAuthenticator} with the introspector of a reactive resource server.
 *
 * @since 0.1.0
 */
public final class ReactiveOpaqueTokenAuthenticator implements RealtimeTokenAuthenticator {

    private final ReactiveOpaqueTokenIntrospector introspector;

    public ReactiveOpaqueTokenAuthenticator(ReactiveOpaqueTokenIntrospector introspector) {
        this.introspector = introspector;
    }

    /**
     * Returns at once.
     *
     * @return a stage that fails with {@code unauthorized} for a token that is not active, and with {@code unavailable} if
     *     it could not be checked
     */
    @Override
    public CompletionStage<TokenAuthentication> authenticate(String token) {
        return Mono.defer(() -> this.introspector.introspect(token))
                .map(principal -> OpaqueTokenAuthenticator.authentication(token, principal))
                .switchIfEmpty(
                        Mono.error(() -> new RealtimeException(ErrorCode.UNAUTHORIZED, "the token names nobody")))
                .onErrorMap(ReactiveOpaqueTokenAuthenticator::failure)
                .toFuture();
    }

    private static Throwable failure(Throwable failure) {
        if (failure instanceof RealtimeException) {
            return failure;
        }
        return failure instanceof OAuth2IntrospectionException && !(failure instanceof BadOpaqueTokenException)
                ? new RealtimeException(ErrorCode.UNAVAILABLE, "the token could not be checked", failure)
                : new RealtimeException(ErrorCode.UNAUTHORIZED, "the token is not valid", failure);
    }
}
