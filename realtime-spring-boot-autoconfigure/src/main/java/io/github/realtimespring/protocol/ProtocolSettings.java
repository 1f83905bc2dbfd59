package io.github.realtimespring.protocol;

import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.registry.DuplicatePolicy;
import java.time.Duration;

/**
 * The limits of the protocol (SPEC §15, defaults).
 *
 * @param inboundRate frames per second that one connection may send
 * @param inboundBurst frames that it may send at once
 * @param mailbox frames of one connection that may wait for its handlers
 * @param maxJsonDepth how deep the JSON of a frame may nest
 * @param maxFrameBytes how large a frame of the client may be, in bytes of UTF-8
 * @param firstJoinTimeout how long a connection may be in no room before it is closed with 4408; zero for no limit
 * @param handlerTimeout how long one frame may take before it is answered {@code timeout}
 * @param maxRooms rooms that one connection may be in
 * @param maxMembers connections that one room takes
 * @param heartbeatInterval time between two pings
 * @param heartbeatTimeout how much longer the peer may be silent
 * @param reconnectMin the shortest delay of a reconnect that clients are told
 * @param reconnectMax the longest
 * @param sessionWindow how long a client that is gone, and the idempotency keys it used, are known
 * @param queue the bounds of each connection's queue
 * @param duplicates the duplicate-connection policy of handshakes without their own
 * @param presence whether clients can ask who is in a room
 * @since 0.1.0
 */
public record ProtocolSettings(
        int inboundRate,
        int inboundBurst,
        int mailbox,
        int maxJsonDepth,
        int maxFrameBytes,
        Duration firstJoinTimeout,
        Duration handlerTimeout,
        int maxRooms,
        int maxMembers,
        Duration heartbeatInterval,
        Duration heartbeatTimeout,
        Duration reconnectMin,
        Duration reconnectMax,
        Duration sessionWindow,
        QueueLimits queue,
        DuplicatePolicy duplicates,
        boolean presence) {

    public static final ProtocolSettings DEFAULTS = new ProtocolSettings(
            50,
            100,
            64,
            64,
            64 << 10,
            Duration.ofSeconds(15),
            Duration.ofSeconds(30),
            100,
            Integer.MAX_VALUE,
            Duration.ofSeconds(25),
            Duration.ofSeconds(10),
            Duration.ofMillis(500),
            Duration.ofSeconds(20),
            Duration.ofMinutes(2),
            QueueLimits.DEFAULTS,
            DuplicatePolicy.ALLOW,
            true);

    public ProtocolSettings {
        if (inboundRate < 1
                || inboundBurst < 1
                || mailbox < 1
                || maxJsonDepth < 1
                || maxFrameBytes < 1
                || maxRooms < 1
                || maxMembers < 1) {
            throw new IllegalArgumentException("protocol limits must be positive");
        }
        positive(handlerTimeout, "handler timeout");
        positive(heartbeatInterval, "heartbeat interval");
        positive(heartbeatTimeout, "heartbeat timeout");
        positive(sessionWindow, "session window");
        if (firstJoinTimeout.isNegative() || reconnectMin.isNegative() || reconnectMax.compareTo(reconnectMin) < 0) {
            throw new IllegalArgumentException("first-join timeout and reconnect delays must not be negative");
        }
    }

    private static void positive(Duration duration, String name) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(name + " must be positive");
        }
    }
}
