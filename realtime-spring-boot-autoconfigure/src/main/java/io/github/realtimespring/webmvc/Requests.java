package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.HandshakeRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.server.ServletServerHttpRequest;

/** Copies out of a servlet request what a handshake is decided by. */
final class Requests {

    private Requests() {}

    static HandshakeRequest describe(HttpServletRequest request) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (String name : Collections.list(request.getHeaderNames())) {
            headers.put(name, Collections.list(request.getHeaders(name)));
        }
        return new HandshakeRequest(
                new ServletServerHttpRequest(request).getURI(), headers, request.getUserPrincipal());
    }
}
