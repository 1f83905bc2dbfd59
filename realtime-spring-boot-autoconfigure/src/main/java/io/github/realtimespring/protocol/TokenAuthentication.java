package io.github.realtimespring.protocol;

import java.security.Principal;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A bearer token that was found valid.
 *
 * @param principal whom it speaks for
 * @param expiresAt when it ends, or {@code null} if it does not
 * @param claims its claims, for identity and tenant
 * @since 0.1.0
 */
public record TokenAuthentication(
        Principal principal, @Nullable Instant expiresAt, Map<String, Object> claims) {

    public TokenAuthentication {
        claims = Map.copyOf(claims);
    }
}
