package io.github.realtimespring.webmvc;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import java.security.Principal;
import java.util.Collections;
import java.util.Enumeration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A handshake without what a container would keep for the life of the WebSocket: the principal and the HTTP session, on
 * whose end it would close with 1008 where {@link HttpSessionConnections} closes with 4401, and headers and parameters
 * with the credentials in them. Single headers, which the upgrade needs, are there.
 */
final class UpgradeRequest extends HttpServletRequestWrapper {

    UpgradeRequest(HttpServletRequest request) {
        super(request);
    }

    @Override
    public @Nullable Principal getUserPrincipal() {
        return null;
    }

    @Override
    public @Nullable HttpSession getSession(boolean create) {
        return create ? super.getSession(true) : null;
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        return Collections.emptyEnumeration();
    }

    @Override
    public Map<String, String[]> getParameterMap() {
        return Map.of();
    }
}
