package io.github.realtimespring.test;

/**
 * How a client of a {@link RealtimeTester} reaches the server.
 *
 * @since 0.1.0
 */
public enum ClientTransport {

    /** In memory, without a socket: the application of the test, with or without a server. */
    EMBEDDED,

    /** A WebSocket to a running server. */
    WEBSOCKET,

    /**
     * Server-sent events, and requests for what the client sends. Each room that is joined is a stream, and so a
     * connection, of its own; a join has no data.
     */
    SSE,

    /** Polls that wait, and requests for what the client sends: a connection for each room, as with {@link #SSE}. */
    LONG_POLL
}
