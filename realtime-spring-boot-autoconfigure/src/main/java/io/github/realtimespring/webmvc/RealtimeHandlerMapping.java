package io.github.realtimespring.webmvc;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.HttpRequestHandler;
import org.springframework.web.servlet.handler.SimpleUrlHandlerMapping;

/**
 * Maps the paths of the protocol below the base path, and no other: {@code /ws}, {@code /info} and {@code /client/realtime.js}. It
 * comes before the application's controllers, so that a pattern such as {@code /{page}/{part}} does not catch a
 * handshake, and shares nothing with the mappings of {@code @EnableWebSocket} and {@code @EnableWebSocketMessageBroker}.
 *
 * @since 0.1.0
 */
public final class RealtimeHandlerMapping extends SimpleUrlHandlerMapping {

    /** Before functional routes (-1) and controllers (0), after the actuator (-100). */
    public static final int ORDER = -10;

    /**
     * @param client serves the client script, or {@code null}
     */
    public RealtimeHandlerMapping(
            String basePath,
            RealtimeWebSocketHandler webSocket,
            HttpRequestHandler info,
            @Nullable HttpRequestHandler client) {
        super(urls(basePath, webSocket, info, client), ORDER);
    }

    private static Map<String, Object> urls(
            String basePath,
            RealtimeWebSocketHandler webSocket,
            HttpRequestHandler info,
            @Nullable HttpRequestHandler client) {
        Map<String, Object> urls = new LinkedHashMap<>();
        urls.put(basePath + "/ws", webSocket);
        urls.put(basePath + "/info", info);
        if (client != null) {
            urls.put(basePath + "/client/realtime.js", client);
        }
        return urls;
    }
}
