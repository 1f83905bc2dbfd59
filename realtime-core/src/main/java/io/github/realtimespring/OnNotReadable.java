package io.github.realtimespring;

/**
 * What happens to a class while events of other nodes cannot be read (SPEC §7).
 *
 * @since 0.1.0
 */
public enum OnNotReadable {
    /** Deliver what is published here; nothing is said afterwards. */
    DELIVER_LOCALLY,
    /** Deliver what is published here; members get a {@code gap} when reading works again. */
    DELIVER_LOCALLY_THEN_GAP,
    /** Record and acknowledge; members get it after the node has caught up. */
    RECORD,
    /** Connections in the room are closed with 4503. */
    CLOSE
}
