package io.github.realtimespring.webmvc;

import jakarta.websocket.Endpoint;
import jakarta.websocket.Extension;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;

/**
 * What the container asks during one upgrade. The container agrees to permessage-deflate unless it is told not to, and
 * that costs each connection some 300 KB; so "off" has to be said here (SPEC §4).
 */
final class UpgradeConfiguration extends ServerEndpointConfig.Configurator {

    private static final String DEFLATE = "permessage-deflate";

    private final WebSocketEndpoint endpoint;
    private final String subprotocol;
    private final boolean compression;

    UpgradeConfiguration(WebSocketEndpoint endpoint, String subprotocol, boolean compression) {
        this.endpoint = endpoint;
        this.subprotocol = subprotocol;
        this.compression = compression;
    }

    ServerEndpointConfig at(String path) {
        return ServerEndpointConfig.Builder.create(Endpoint.class, path)
                .configurator(this)
                .build();
    }

    @Override
    public <T> T getEndpointInstance(Class<T> type) {
        return type.cast(this.endpoint);
    }

    @Override
    public String getNegotiatedSubprotocol(List<String> supported, List<String> requested) {
        return this.subprotocol;
    }

    @Override
    public List<Extension> getNegotiatedExtensions(List<Extension> installed, List<Extension> requested) {
        if (!this.compression || installed.stream().noneMatch(UpgradeConfiguration::isDeflate)) {
            return List.of();
        }
        return requested.stream().filter(UpgradeConfiguration::isDeflate).toList();
    }

    private static boolean isDeflate(Extension extension) {
        return extension.getName().equals(DEFLATE);
    }

    /** The origin policy has said yes before there was an upgrade. */
    @Override
    public boolean checkOrigin(String origin) {
        return true;
    }
}
