package io.github.realtimespring.protocol;

import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.DuplicatePolicy;
import java.security.Principal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a transport knows when a connection opens: the handshake has been authenticated, its origin checked and its
 * tenant decided.
 *
 * @param principal who the application's security says it is, or {@code null} for an anonymous client
 * @param identity the small immutable part that is kept
 * @param policy what happens with other connections of the same user, or {@code null} for the application's default
 * @param expiresAt when the credentials end, or {@code null} if they do not; the connection is closed with 4401 then
 * @since 0.1.0
 */
public record Handshake(
        @Nullable Principal principal,
        Identity identity,
        @Nullable DuplicatePolicy policy,
        @Nullable Instant expiresAt) {

    /** One without credentials. */
    public static Handshake anonymous() {
        return new Handshake(null, Identity.ANONYMOUS, null, null);
    }
}
