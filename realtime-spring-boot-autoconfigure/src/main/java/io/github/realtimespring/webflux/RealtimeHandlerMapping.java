package io.github.realtimespring.webflux;

import io.github.realtimespring.protocol.CrossOriginReads;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.server.WebHandler;

/**
 * Maps the paths of the protocol below the base path, and no other. It comes before the application's controllers, so that
 * a pattern such as {@code /{page}/{part}} does not catch a handshake, and shares nothing with the application's own
 * WebSocket handlers.
 *
 * @since 0.1.0
 */
public final class RealtimeHandlerMapping extends SimpleUrlHandlerMapping {

    /** Before functional routes (-1) and controllers (0), after the actuator (-100). */
    public static final int ORDER = -10;

    /**
     * @param handlers by path below the base path, such as {@code /ws}
     */
    public RealtimeHandlerMapping(String basePath, Map<String, WebHandler> handlers) {
        super(urls(basePath, handlers), ORDER);
    }

    /**
     * Lets pages of other origins read the answers.
     *
     * @param origins as {@code OriginPolicy} has them; {@code *} for all
     */
    public void allow(List<String> origins) {
        if (!origins.isEmpty()) {
            setCorsConfigurations(CrossOriginReads.of(getUrlMap().keySet(), origins));
        }
    }

    private static Map<String, WebHandler> urls(String basePath, Map<String, WebHandler> handlers) {
        Map<String, WebHandler> urls = new LinkedHashMap<>();
        handlers.forEach((path, handler) -> urls.put(basePath + path, handler));
        return urls;
    }
}
