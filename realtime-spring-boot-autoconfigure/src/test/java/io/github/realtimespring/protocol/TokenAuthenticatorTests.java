package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.core.DefaultOAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.server.resource.introspection.BadOpaqueTokenException;
import org.springframework.security.oauth2.server.resource.introspection.OAuth2IntrospectionException;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import reactor.core.publisher.Mono;

class TokenAuthenticatorTests {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private static TokenAuthentication done(CompletionStage<TokenAuthentication> stage) {
        return stage.toCompletableFuture().join();
    }

    private static ErrorCode failure(CompletionStage<TokenAuthentication> stage) {
        Throwable failure = catchThrowable(() -> done(stage));
        assertThat(failure).isInstanceOf(CompletionException.class);
        assertThat(failure.getCause()).isInstanceOf(RealtimeException.class);
        return ((RealtimeException) failure.getCause()).code();
    }

    @Test
    void aJwtNamesItsSubjectWithAuthoritiesClaimsAndExpiry() {
        Jwt jwt = Jwt.withTokenValue("t")
                .header("alg", "none")
                .subject("alice")
                .claim("scope", "chat")
                .issuedAt(NOW)
                .expiresAt(NOW.plusSeconds(60))
                .build();
        TokenAuthentication authentication = done(new JwtTokenAuthenticator(token -> jwt).authenticate("t"));
        assertThat(authentication.principal().getName()).isEqualTo("alice");
        assertThat(authentication.expiresAt()).isEqualTo(NOW.plusSeconds(60));
        assertThat(authentication.claims()).containsEntry("scope", "chat");
        assertThat(((Authentication) authentication.principal()).getAuthorities())
                .anyMatch(authority -> "SCOPE_chat".equals(authority.getAuthority()));
    }

    /** The authenticators of both stacks, which answer the same whether a failure is thrown or signalled. */
    private static List<RealtimeTokenAuthenticator> opaque(OpaqueTokenIntrospector introspector) {
        return List.of(
                new OpaqueTokenAuthenticator(introspector),
                new ReactiveOpaqueTokenAuthenticator(token -> Mono.fromSupplier(() -> introspector.introspect(token))),
                new ReactiveOpaqueTokenAuthenticator(token -> Mono.just(introspector.introspect(token))));
    }

    @Test
    void aBadJwtIsUnauthorizedAndUnreachableKeysAreUnavailable() {
        assertThat(failure(new JwtTokenAuthenticator(token -> {
                            throw new BadJwtException("expired");
                        })
                        .authenticate("t")))
                .isEqualTo(ErrorCode.UNAUTHORIZED);
        assertThat(failure(new JwtTokenAuthenticator(token -> {
                            throw new JwtException("no key set");
                        })
                        .authenticate("t")))
                .isEqualTo(ErrorCode.UNAVAILABLE);
    }

    @Test
    void anOpaqueTokenNamesItsPrincipalWithExpiryAndWithoutEmptyClaims() {
        Map<String, Object> attributes = new HashMap<>();
        attributes.put("sub", "alice");
        attributes.put("exp", NOW.plusSeconds(60));
        attributes.put("nothing", null);
        OpaqueTokenIntrospector introspector = token -> new DefaultOAuth2AuthenticatedPrincipal(
                "alice", attributes, AuthorityUtils.createAuthorityList("SCOPE_chat"));
        for (RealtimeTokenAuthenticator authenticator : opaque(introspector)) {
            TokenAuthentication authentication = done(authenticator.authenticate("t"));
            assertThat(authentication.principal().getName()).isEqualTo("alice");
            assertThat(authentication.expiresAt()).isEqualTo(NOW.plusSeconds(60));
            assertThat(authentication.claims()).containsOnlyKeys("sub", "exp");
            assertThat(((Authentication) authentication.principal()).getAuthorities())
                    .anyMatch(authority -> "SCOPE_chat".equals(authority.getAuthority()));
        }
    }

    @Test
    void aRefusedOpaqueTokenIsUnauthorizedAndAnUnreachableEndpointUnavailable() {
        for (Map.Entry<RuntimeException, ErrorCode> entry : List.of(
                Map.<RuntimeException, ErrorCode>entry(new BadOpaqueTokenException("inactive"), ErrorCode.UNAUTHORIZED),
                Map.<RuntimeException, ErrorCode>entry(
                        new OAuth2IntrospectionException("refused"), ErrorCode.UNAVAILABLE),
                Map.<RuntimeException, ErrorCode>entry(new IllegalStateException("bug"), ErrorCode.UNAUTHORIZED))) {
            OpaqueTokenIntrospector introspector = token -> {
                throw entry.getKey();
            };
            for (RealtimeTokenAuthenticator authenticator : opaque(introspector)) {
                assertThat(failure(authenticator.authenticate("t"))).isEqualTo(entry.getValue());
            }
        }
    }

    @Test
    void anOpaqueTokenThatNamesNobodyIsUnauthorizedAndOneThatIsBeingCheckedIsWaitedForByNobody() {
        assertThat(failure(new ReactiveOpaqueTokenAuthenticator(token -> Mono.empty()).authenticate("t")))
                .isEqualTo(ErrorCode.UNAUTHORIZED);
        CompletionStage<TokenAuthentication> stage =
                new ReactiveOpaqueTokenAuthenticator(token -> Mono.never()).authenticate("t");
        assertThat(stage.toCompletableFuture()).isNotDone();
    }
}
