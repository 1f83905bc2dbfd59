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
    WEBSOCKET
}
