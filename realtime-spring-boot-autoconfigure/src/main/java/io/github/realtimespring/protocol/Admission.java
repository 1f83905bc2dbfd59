package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import org.jspecify.annotations.Nullable;

/**
 * How the handshake of a WebSocket ended that is accepted. One whose bearer token failed is accepted and closed at once,
 * because browsers do not show a page why a handshake failed (PROTOCOL, authentication).
 *
 * @param handshake who it is, or {@code null} if the connection is closed at once
 * @param refusal why it is closed at once, or {@code null}
 * @param byToken whether a bearer token decided, and not the application's security: then no HTTP session ends the
 *     connection
 * @since 0.1.0
 */
public record Admission(
        @Nullable Handshake handshake, @Nullable CloseReason refusal, boolean byToken) {}
