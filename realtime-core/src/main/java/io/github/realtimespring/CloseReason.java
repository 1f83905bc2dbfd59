package io.github.realtimespring;

/**
 * Why a connection ends: a close code of the protocol and a short text (PROTOCOL, close codes).
 *
 * @param code a WebSocket close code; transports without close codes put it into {@code goaway}
 * @param text at most 100 ASCII characters, never taken from input
 * @param graceful whether what is queued is sent first, within the send timeout
 * @since 0.1.0
 */
public record CloseReason(int code, String text, boolean graceful) {

    public static final CloseReason NORMAL = new CloseReason(1000, "", true);
    public static final CloseReason GOING_AWAY = new CloseReason(1001, "going away", false);
    public static final CloseReason PROTOCOL_ERROR = new CloseReason(1002, "protocol error", false);
    public static final CloseReason NOT_ACCEPTABLE = new CloseReason(1003, "text frames only", false);
    /** The peer went away without a close frame; never sent. */
    public static final CloseReason ABNORMAL = new CloseReason(1006, "connection lost", false);

    public static final CloseReason NOT_UTF8 = new CloseReason(1007, "not UTF-8", false);
    public static final CloseReason POLICY = new CloseReason(1008, "rate limit", true);
    public static final CloseReason TOO_BIG = new CloseReason(1009, "message too big", false);
    public static final CloseReason SERVER_ERROR = new CloseReason(1011, "server error", false);
    public static final CloseReason DRAINING = new CloseReason(1012, "draining", true);
    public static final CloseReason SLOW_CONSUMER = new CloseReason(1013, "slow consumer", false);
    public static final CloseReason UNAUTHORIZED = new CloseReason(4401, "unauthorized", true);
    public static final CloseReason FORBIDDEN = new CloseReason(4403, "forbidden", true);
    public static final CloseReason IDLE = new CloseReason(4408, "no room joined", true);
    public static final CloseReason SUPERSEDED = new CloseReason(4409, "superseded", true);
    public static final CloseReason LIMIT = new CloseReason(4429, "too many connections", true);
    public static final CloseReason REBALANCE = new CloseReason(4500, "rebalance", true);
    public static final CloseReason BACKPLANE = new CloseReason(4503, "backplane", true);

    /** The same reason that does not wait for the queue. */
    public CloseReason abrupt() {
        return new CloseReason(this.code, this.text, false);
    }
}
