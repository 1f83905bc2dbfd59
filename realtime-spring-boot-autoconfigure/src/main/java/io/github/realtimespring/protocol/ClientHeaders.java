package io.github.realtimespring.protocol;

import io.github.realtimespring.ConnectionId;
import org.jspecify.annotations.Nullable;

/**
 * The headers in which clients and server tell each other what a WebSocket tells in frames.
 *
 * @since 0.1.0
 */
public final class ClientHeaders {

    /** The id of the client's live connection, as {@code welcome} told it: what the client sends is not echoed to it. */
    public static final String CONNECTION = "X-Realtime-Connection";

    /** The session that {@code welcome} told: the same client as before, see {@code hello}. Never a credential. */
    public static final String SESSION = "X-Realtime-Session";

    /** The position of a poll that is answered with nothing. */
    public static final String CURSOR = "Realtime-Cursor";

    private ClientHeaders() {}

    /** The id that {@link #CONNECTION} holds; {@code null} without one, and for what is none. */
    public static @Nullable ConnectionId connection(@Nullable String header) {
        try {
            return header == null ? null : new ConnectionId(header);
        } catch (IllegalArgumentException ex) {
            return null;
        }
    }
}
