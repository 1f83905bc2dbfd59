package io.github.realtimespring.connection;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind a connection: small, immutable and safe to keep as long as the connection lives. Never a request, a
 * session or a socket (SPEC §1).
 *
 * @param user name of the authenticated subject, or {@code null} for an anonymous client
 * @param tenant the tenant decided at the handshake, or {@code null}
 * @param device what the application calls the client's device, or {@code null}
 * @param claims what else the application asked to keep
 * @since 0.1.0
 */
public record Identity(
        @Nullable String user,
        @Nullable String tenant,
        @Nullable String device,
        Map<String, Object> claims) {

    public static final Identity ANONYMOUS = new Identity(null, null, null, Map.of());

    public Identity {
        claims = Map.copyOf(claims);
    }

    public static Identity user(String name) {
        return new Identity(name, null, null, Map.of());
    }
}
