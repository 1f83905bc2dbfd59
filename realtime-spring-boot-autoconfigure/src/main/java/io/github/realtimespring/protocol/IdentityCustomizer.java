package io.github.realtimespring.protocol;

import io.github.realtimespring.connection.Identity;

/**
 * Adds to a connection's identity what the application wants to find there later: the client's device, claims of its
 * token. Called on the container's thread at the handshake, after user and tenant were decided.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface IdentityCustomizer {

    /** The identity to use; user and tenant of the result are ignored in favour of those of {@code identity}. */
    Identity customize(Identity identity, HandshakeRequest request);
}
