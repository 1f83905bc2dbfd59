package io.github.realtimespring.webmvc;

import java.util.List;

/**
 * How the WebSocket transport behaves on a servlet container.
 *
 * @param basePath where the paths of the protocol begin, such as {@code /realtime}; relative to the dispatcher servlet
 * @param allowedOrigins origins that may connect besides the own one, see {@link OriginPolicy}
 * @param maxFrameSize how large a message of a client may be, in bytes of UTF-8, after inflation
 * @param bearerSubprotocol whether clients may send a token as a subprotocol
 * @param compression whether permessage-deflate is agreed with clients that offer it
 * @since 0.1.0
 */
public record WebSocketSettings(
        String basePath,
        List<String> allowedOrigins,
        int maxFrameSize,
        boolean bearerSubprotocol,
        boolean compression) {

    public static final WebSocketSettings DEFAULTS =
            new WebSocketSettings("/realtime", List.of(), 64 << 10, true, false);

    public WebSocketSettings {
        if (!basePath.startsWith("/") || basePath.endsWith("/") || basePath.contains("*") || basePath.contains("{")) {
            throw new IllegalArgumentException(
                    "the base path begins with a slash, does not end with one and holds no pattern: " + basePath);
        }
        if (maxFrameSize < 1) {
            throw new IllegalArgumentException("the largest frame has at least one byte");
        }
        allowedOrigins = List.copyOf(allowedOrigins);
    }
}
