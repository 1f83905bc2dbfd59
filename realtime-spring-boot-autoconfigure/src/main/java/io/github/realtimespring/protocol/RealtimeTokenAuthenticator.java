package io.github.realtimespring.protocol;

import java.util.concurrent.CompletionStage;

/**
 * Checks bearer tokens, those of the handshake's {@code realtime.bearer.} subprotocol and those of {@code auth} frames
 * (PROTOCOL, authentication).
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface RealtimeTokenAuthenticator {

    /**
     * Checks a token. May wait for a remote service; it is never called on an event loop.
     *
     * @return the stage fails if the token is not valid; neither token nor cause reach the client
     */
    CompletionStage<TokenAuthentication> authenticate(String token);
}
