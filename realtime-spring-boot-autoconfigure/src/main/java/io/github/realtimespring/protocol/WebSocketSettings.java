package io.github.realtimespring.protocol;

/**
 * How the WebSocket transport behaves, on either stack.
 *
 * @param basePath where the paths of the protocol begin, such as {@code /realtime}; on servlet relative to the dispatcher servlet
 * @param maxFrameSize how large a message of a client may be, in bytes of UTF-8, after inflation
 * @param bearerSubprotocol whether clients may send a token as a subprotocol
 * @param compression whether permessage-deflate is agreed with clients that offer it
 * @since 0.1.0
 */
public record WebSocketSettings(String basePath, int maxFrameSize, boolean bearerSubprotocol, boolean compression) {

    public static final WebSocketSettings DEFAULTS = new WebSocketSettings("/realtime", 64 << 10, true, false);

    public WebSocketSettings {
        if (!basePath.startsWith("/") || basePath.endsWith("/") || basePath.contains("*") || basePath.contains("{")) {
            throw new IllegalArgumentException(
                    "the base path begins with a slash, does not end with one and holds no pattern: " + basePath);
        }
        if (maxFrameSize < 1) {
            throw new IllegalArgumentException("the largest frame has at least one byte");
        }
    }
}
