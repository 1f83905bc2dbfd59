package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.ServerInfo;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.HttpRequestHandler;

/**
 * Answers {@code GET <base-path>/info} with the {@link ServerInfo}.
 *
 * @since 0.1.0
 */
public final class InfoHandler implements HttpRequestHandler {

    private final byte[] info;

    public InfoHandler(ServerInfo info) {
        this.info = info.json();
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
