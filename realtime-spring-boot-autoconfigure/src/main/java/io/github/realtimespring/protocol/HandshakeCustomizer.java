package io.github.realtimespring.protocol;

/**
 * Changes a handshake after user, tenant and identity were decided: another duplicate-connection policy, an earlier end of
 * the credentials. Called on the container's thread; beans of this type are called in their order.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface HandshakeCustomizer {

    /**
     * The handshake to use; its principal and identity are those of {@code handshake} whatever the result says.
     *
     * @throws io.github.realtimespring.RealtimeException to refuse the handshake
     */
    Handshake customize(Handshake handshake, HandshakeRequest request);
}
