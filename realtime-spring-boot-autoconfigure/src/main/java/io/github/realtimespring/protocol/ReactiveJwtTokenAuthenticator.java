package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.springframework.core.convert.converter.Converter;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * {@link JwtTokenAuthenticator} with the decoder of a reactive resource server.
 *
 * @since 0.1.0
 */
public final class ReactiveJwtTokenAuthenticator implements RealtimeTokenAuthenticator {

    private final ReactiveJwtDecoder decoder;
    private final Converter<Jwt, ? extends Mono<? extends AbstractAuthenticationToken>> converter;

    /**
     * @param converter as the application's resource server uses it
     */
    public ReactiveJwtTokenAuthenticator(
            ReactiveJwtDecoder decoder,
            Converter<Jwt, ? extends Mono<? extends AbstractAuthenticationToken>> converter) {
        this.decoder = decoder;
        this.converter = converter;
    }

    /**
     * Returns at once.
     *
     * @return a stage that fails with {@code unauthorized} for a token that is not valid, and with {@code unavailable} if
     *     it could not be checked
     */
    @Override
    public CompletionStage<TokenAuthentication> authenticate(String token) {
        return this.decoder
                .decode(token)
                .flatMap(this::authentication)
                .switchIfEmpty(
                        Mono.error(() -> new RealtimeException(ErrorCode.UNAUTHORIZED, "the token names nobody")))
                .onErrorMap(ReactiveJwtTokenAuthenticator::failure)
                .toFuture();
    }

    private Mono<TokenAuthentication> authentication(Jwt jwt) {
        Mono<? extends AbstractAuthenticationToken> authentication = this.converter.convert(jwt);
        if (authentication == null) {
            return Mono.empty();
        }
        Map<String, Object> claims = new HashMap<>(jwt.getClaims());
        claims.values().removeIf(value -> value == null);
        return authentication.map(principal -> new TokenAuthentication(principal, jwt.getExpiresAt(), claims));
    }

    private static Throwable failure(Throwable failure) {
        if (failure instanceof RealtimeException) {
            return failure;
        }
        return failure instanceof JwtException && !(failure instanceof BadJwtException)
                ? new RealtimeException(ErrorCode.UNAVAILABLE, "the token could not be checked", failure)
                : new RealtimeException(ErrorCode.UNAUTHORIZED, "the token is not valid", failure);
    }
}
