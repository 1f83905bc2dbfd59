package io.github.realtimespring.protocol;

import java.security.Principal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.server.resource.authentication.AbstractOAuth2TokenAuthenticationToken;
import org.springframework.util.ClassUtils;

/** When the credentials end with which the application's security authenticated a request, where it is known. */
final class TokenExpiry {

    private static final boolean RESOURCE_SERVER = ClassUtils.isPresent(
            "org.springframework.security.oauth2.server.resource.authentication.AbstractOAuth2TokenAuthenticationToken",
            TokenExpiry.class.getClassLoader());

    private TokenExpiry() {}

    static @Nullable Instant of(Principal principal) {
        return RESOURCE_SERVER ? ResourceServer.expiry(principal) : null;
    }

    /** Loaded only where Spring Security's resource server is there. */
    private static final class ResourceServer {

        static @Nullable Instant expiry(Principal principal) {
            return principal instanceof AbstractOAuth2TokenAuthenticationToken<?> authentication
                    ? authentication.getToken().getExpiresAt()
                    : null;
        }
    }
}
