package io.github.realtimespring.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Decides the tenant of a connection at the handshake; every key of the connection is inside it, and no later input of
 * the client can name another one (SPEC §2). Called on the container's thread: it must not wait for long.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface TenantResolver {

    /**
     * The tenant: 1 to 64 letters, digits or {@code . _ ~ -}, or {@code null} for a connection outside every tenant.
     *
     * @throws io.github.realtimespring.RealtimeException to refuse the handshake; any other exception refuses it too
     */
    @Nullable
    String resolve(HandshakeRequest request);
}
