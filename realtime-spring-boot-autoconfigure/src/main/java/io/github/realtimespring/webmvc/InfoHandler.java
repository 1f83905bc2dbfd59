package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.ProtocolSettings;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.springframework.web.HttpRequestHandler;

/**
 * Answers {@code GET <base-path>/info}: versions of the protocol, transports and limits (PROTOCOL). Nothing in it depends
 * on who asks.
 *
 * @since 0.1.0
 */
public final class InfoHandler implements HttpRequestHandler {

    private final byte[] info;

    public InfoHandler(ProtocolSettings settings) {
        this.info = """
                {"versions":[1],"transports":["websocket"],\
                "limits":{"frameBytes":%d,"rooms":%d,"framesPerSecond":%d},\
                "heartbeat":{"interval":%d,"timeout":%d}}
                """.formatted(
                        settings.maxFrameBytes(),
                        settings.maxRooms(),
                        settings.inboundRate(),
                        settings.heartbeatInterval().toMillis(),
                        settings.heartbeatTimeout().toMillis())
                .strip()
                .getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        response.setContentType("application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(this.info.length);
        response.getOutputStream().write(this.info);
    }
}
