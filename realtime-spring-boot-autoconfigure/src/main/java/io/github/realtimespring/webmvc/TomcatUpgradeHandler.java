package io.github.realtimespring.webmvc;

import org.apache.tomcat.util.net.SocketWrapperBase;
import org.apache.tomcat.websocket.server.WsHttpUpgradeHandler;
import org.jspecify.annotations.Nullable;

/**
 * Tomcat's own upgrade to WebSocket, which also keeps the socket. Tomcat makes its instances; not for applications.
 *
 * @since 0.1.0
 */
public final class TomcatUpgradeHandler extends WsHttpUpgradeHandler {

    private @Nullable SessionSocket socket;

    @Override
    public void setSocketWrapper(SocketWrapperBase<?> socketWrapper) {
        super.setSocketWrapper(socketWrapper);
        this.socket = TomcatSocket.isUsable(socketWrapper) ? new TomcatSocket(socketWrapper) : null;
    }

    /** The socket, or {@code null} if it cannot be written to directly. */
    @Nullable
    SessionSocket socket() {
        return this.socket;
    }
}
