package io.github.realtimespring.webflux;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.server.WebHandler;

/**
 * Maps the paths of the protocol below the base path, and no other: {@code /ws}, {@code /info} and {@code
 * /client/realtime.js}. It comes before the application's controllers, so that a pattern such as {@code /{page}/{part}}
 * does not catch a handshake, and shares nothing with the application's own WebSocket handlers.
 *
 * @since 0.1.0
 */
public final class RealtimeHandlerMapping extends SimpleUrlHandlerMapping {

    /** Before functional routes (-1) and controllers (0), after the actuator (-100). */
    public static final int ORDER = -10;

    /**
     * @param client serves the client script, or {@code null}
     */
    public RealtimeHandlerMapping(String basePath, WebHandler webSocket, WebHandler info, @Nullable WebHandler client) {
        super(urls(basePath, webSocket, info, client), ORDER);
    }

    private static Map<String, Object> urls(
            String basePath, WebHandler webSocket, WebHandler info, @Nullable WebHandler client) {
        Map<String, Object> urls = new LinkedHashMap<>();
        urls.put(basePath + "/ws", webSocket);
        urls.put(basePath + "/info", info);
        if (client != null) {
            urls.put(basePath + "/client/realtime.js", client);
        }
        return urls;
    }
}
