package io.github.realtimespring.webmvc;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpUpgradeHandler;
import java.io.IOException;
import java.security.Principal;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A handshake without what a container would keep for the life of the WebSocket: the principal and the HTTP session, on
 * whose end it would close with 1008 where {@link HttpSessionConnections} closes with 4401, and headers and parameters
 * with the credentials in them. The headers that the upgrade needs are there, tokens among the subprotocols are not.
 *
 * <p>On Tomcat it also gets hold of the socket below the session.
 */
final class UpgradeRequest extends HttpServletRequestWrapper {

    private static final String TOMCAT = "org.apache.tomcat.websocket.server.WsHttpUpgradeHandler";

    private static final String PROTOCOL = "Sec-WebSocket-Protocol";

    private static final List<String> HANDSHAKE = List.of(
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
            "Sec-WebSocket-Extensions",
            PROTOCOL);

    private final String subprotocol;
    private final boolean named;
    private @Nullable Supplier<@Nullable SessionSocket> socket;

    /**
     * @param subprotocol the one that is agreed, or an empty string
     * @param named whether the headers can be listed. Jetty finds them so; Tomcat asks for those that it needs, and would
     *     keep a copy of those that it finds
     */
    UpgradeRequest(HttpServletRequest request, String subprotocol, boolean named) {
        super(request);
        this.subprotocol = subprotocol;
        this.named = named;
    }

    @Override
    public <T extends HttpUpgradeHandler> T upgrade(Class<T> type) throws IOException, ServletException {
        if (!type.getName().equals(TOMCAT) || !TomcatSocket.isSupported()) {
            return super.upgrade(type);
        }
        TomcatUpgradeHandler handler = super.upgrade(TomcatUpgradeHandler.class);
        this.socket = handler::socket;
        return type.cast(handler);
    }

    /** The socket below the session; {@code null} before the upgrade, and if the container does not give it away. */
    @Nullable
    SessionSocket socket() {
        return this.socket == null ? null : this.socket.get();
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
        if (!this.named) {
            return Collections.emptyEnumeration();
        }
        return Collections.enumeration(
                HANDSHAKE.stream().filter(name -> getHeader(name) != null).toList());
    }

    @Override
    public @Nullable String getHeader(String name) {
        if (!name.equalsIgnoreCase(PROTOCOL)) {
            return super.getHeader(name);
        }
        return this.subprotocol.isEmpty() ? null : this.subprotocol;
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        if (!name.equalsIgnoreCase(PROTOCOL)) {
            return super.getHeaders(name);
        }
        return Collections.enumeration(this.subprotocol.isEmpty() ? List.of() : List.of(this.subprotocol));
    }

    @Override
    public Map<String, String[]> getParameterMap() {
        return Map.of();
    }
}
