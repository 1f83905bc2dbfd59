package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.springframework.core.convert.converter.Converter;
import org.springframework.security.authentication.AbstractAuthenticationToken;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;

/**
 * Checks tokens with the application's own {@link JwtDecoder}. The principal is the {@code Authentication} that the
 * converter makes of the token, its name the user.
 *
 * @since 0.1.0
 */
public final class JwtTokenAuthenticator implements RealtimeTokenAuthenticator {

    private final JwtDecoder decoder;
    private final Converter<Jwt, ? extends AbstractAuthenticationToken> converter;

    /** Names the user by the token's subject and takes authorities from its scopes. */
    public JwtTokenAuthenticator(JwtDecoder decoder) {
        this(decoder, new JwtAuthenticationConverter());
    }

    /**
     * @param converter as the application's resource server uses it
     */
    public JwtTokenAuthenticator(JwtDecoder decoder, Converter<Jwt, ? extends AbstractAuthenticationToken> converter) {
        this.decoder = decoder;
        this.converter = converter;
    }

    /**
     * Waits where the decoder has to fetch keys.
     *
     * @return a stage that fails with {@code unauthorized} for a token that is not valid, and with {@code unavailable} if
     *     it could not be checked
     */
    @Override
    public CompletionStage<TokenAuthentication> authenticate(String token) {
        try {
            Jwt jwt = this.decoder.decode(token);
            AbstractAuthenticationToken authentication = this.converter.convert(jwt);
            if (authentication == null) {
                throw new RealtimeException(ErrorCode.UNAUTHORIZED, "the token names nobody");
            }
            Map<String, Object> claims = new HashMap<>(jwt.getClaims());
            claims.values().removeIf(value -> value == null);
            return CompletableFuture.completedFuture(
                    new TokenAuthentication(authentication, jwt.getExpiresAt(), claims));
        } catch (BadJwtException ex) {
            return failed(ErrorCode.UNAUTHORIZED, "the token is not valid", ex);
        } catch (JwtException ex) {
            return failed(ErrorCode.UNAVAILABLE, "the token could not be checked", ex);
        } catch (RuntimeException ex) {
            return failed(ErrorCode.UNAUTHORIZED, "the token is not valid", ex);
        }
    }

    private static CompletionStage<TokenAuthentication> failed(ErrorCode code, String message, Exception cause) {
        return CompletableFuture.failedFuture(new RealtimeException(code, message, cause));
    }
}
