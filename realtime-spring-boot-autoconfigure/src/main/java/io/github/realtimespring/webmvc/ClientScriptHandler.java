package io.github.realtimespring.webmvc;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import org.springframework.core.io.ClassPathResource;
import org.springframework.util.DigestUtils;
import org.springframework.web.HttpRequestHandler;
import org.springframework.web.context.request.ServletWebRequest;

/**
 * Serves the JavaScript client, one ES module, at {@code <base-path>/client/realtime.js}. Browsers keep it and ask each
 * time whether it changed, so a page never runs with a client that is older than its server.
 *
 * @since 0.1.0
 */
public final class ClientScriptHandler implements HttpRequestHandler {

    private static final String LOCATION = "META-INF/realtime/client/realtime.js";

    private final byte[] script;
    private final String etag;

    public ClientScriptHandler() {
        try (InputStream in =
                new ClassPathResource(LOCATION, ClientScriptHandler.class.getClassLoader()).getInputStream()) {
            this.script = in.readAllBytes();
        } catch (IOException ex) {
            throw new UncheckedIOException("The class path has no " + LOCATION, ex);
        }
        this.etag = '"' + HexFormat.of().formatHex(DigestUtils.md5Digest(this.script)) + '"';
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean head = "HEAD".equals(request.getMethod());
        if (!head && !"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET, HEAD");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        response.setHeader("Cache-Control", "no-cache");
        response.setHeader("X-Content-Type-Options", "nosniff");
        if (new ServletWebRequest(request, response).checkNotModified(this.etag)) {
            return;
        }
        response.setContentType("text/javascript;charset=UTF-8");
        response.setContentLength(this.script.length);
        if (!head) {
            response.getOutputStream().write(this.script);
        }
    }
}
