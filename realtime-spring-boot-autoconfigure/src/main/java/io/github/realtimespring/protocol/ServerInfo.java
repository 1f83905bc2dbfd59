package io.github.realtimespring.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What {@code GET <base-path>/info} tells: versions of the protocol, transports and limits (PROTOCOL). Nothing in it
 * depends on who asks.
 *
 * @param transports the names of the transports that are served, the preferred one first
 * @since 0.1.0
 */
public record ServerInfo(ProtocolSettings settings, List<String> transports) {

    public ServerInfo {
        transports = List.copyOf(transports);
    }

    /** The body of the answer. */
    public byte[] json() {
        return """
                {"versions":[1],"transports":[%s],\
                "limits":{"frameBytes":%d,"rooms":%d,"framesPerSecond":%d},\
                "heartbeat":{"interval":%d,"timeout":%d}}
                """.formatted(
                        this.transports.isEmpty() ? "" : '"' + String.join("\",\"", this.transports) + '"',
                        this.settings.maxFrameBytes(),
                        this.settings.maxRooms(),
                        this.settings.inboundRate(),
                        this.settings.heartbeatInterval().toMillis(),
                        this.settings.heartbeatTimeout().toMillis())
                .strip()
                .getBytes(StandardCharsets.US_ASCII);
    }
}
