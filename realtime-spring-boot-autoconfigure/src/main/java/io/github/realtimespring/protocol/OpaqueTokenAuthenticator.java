package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.OAuth2TokenIntrospectionClaimNames;
import org.springframework.security.oauth2.server.resource.authentication.BearerTokenAuthentication;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OAuth2IntrospectionException;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;

/**
 * Checks tokens with the application's own {@link OpaqueTokenIntrospector}. The principal is a
 * {@link BearerTokenAuthentication}, its name the user.
 *
 * @since 0.1.0
 */
public final class OpaqueTokenAuthenticator implements RealtimeTokenAuthenticator {

    private final OpaqueTokenIntrospector introspector;

    public OpaqueTokenAuthenticator(OpaqueTokenIntrospector introspector) {
        this.introspector = introspector;
    }

    /**
     * Waits for the introspection endpoint.
     *
     * @return a stage that fails with {@code unauthorized} for a token that is not active, and with {@code unavailable} if
     *     it could not be checked
     */
    @Override
    public CompletionStage<TokenAuthentication> authenticate(String token) {
        try {
            return CompletableFuture.completedFuture(authentication(token, this.introspector.introspect(token)));
        } catch (BadOpaqueTokenException ex) {
            return failed(ErrorCode.UNAUTHORIZED, "the token is not valid", ex);
        } catch (OAuth2IntrospectionException ex) {
            return failed(ErrorCode.UNAVAILABLE, "the token could not be checked", ex);
        } catch (RuntimeException ex) {
            return failed(ErrorCode.UNAUTHORIZED, "the token is not valid", ex);
        }
    }

    static TokenAuthentication authentication(String token, OAuth2AuthenticatedPrincipal principal) {
        Instant issuedAt = instant(principal, OAuth2TokenIntrospectionClaimNames.IAT);
        Instant expiresAt = instant(principal, OAuth2TokenIntrospectionClaimNames.EXP);
        OAuth2AccessToken accessToken =
                new OAuth2AccessToken(OAuth2AccessToken.TokenType.BEARER, token, issuedAt, expiresAt);
        Map<String, Object> claims = new HashMap<>(principal.getAttributes());
        claims.values().removeIf(value -> value == null);
        return new TokenAuthentication(
                new BearerTokenAuthentication(principal, accessToken, principal.getAuthorities()), expiresAt, claims);
    }

    private static @Nullable Instant instant(OAuth2AuthenticatedPrincipal principal, String claim) {
        return principal.getAttribute(claim) instanceof Instant instant ? instant : null;
    }

    private static CompletionStage<TokenAuthentication> failed(ErrorCode code, String message, Exception cause) {
        return CompletableFuture.failedFuture(new RealtimeException(code, message, cause));
    }
}
