package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.ClientScript;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.HttpRequestHandler;
import org.springframework.web.context.request.ServletWebRequest;

/**
 * Serves the {@link ClientScript} at {@code <base-path>/client/realtime.js}.
 *
 * @since 0.1.0
 */
public final class ClientScriptHandler implements HttpRequestHandler {

    private final ClientScript script;

    public ClientScriptHandler(ClientScript script) {
        this.script = script;
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean head = "HEAD".equals(request.getMethod());
        if (!head && !"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET, HEAD");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        response.setHeader("Cache-Control", ClientScript.CACHE_CONTROL);
        response.setHeader("X-Content-Type-Options", "nosniff");
        if (new ServletWebRequest(request, response).checkNotModified(this.script.etag())) {
            return;
        }
        response.setContentType(ClientScript.MEDIA_TYPE);
        response.setContentLength(this.script.bytes().length);
        if (!head) {
            response.getOutputStream().write(this.script.bytes());
        }
    }
}
