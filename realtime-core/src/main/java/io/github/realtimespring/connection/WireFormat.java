package io.github.realtimespring.connection;

/**
 * An encoding of frames. A shared payload is encoded once per format, whatever the number of members.
 *
 * @since 0.1.0
 */
public enum WireFormat {
    /** JSON frames of subprotocol {@code realtime.v1.json}. */
    JSON_V1
}
