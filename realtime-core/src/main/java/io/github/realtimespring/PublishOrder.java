package io.github.realtimespring;

/**
 * In which order an event reaches this node's members and the backplane (SPEC §6).
 *
 * @since 0.1.0
 */
public enum PublishOrder {
    /** Members here first, then the backplane; an outage costs the other nodes only. */
    LOCAL_FIRST,
    /** The backplane first; only after it took the event do members here get it. */
    PUBLISH_FIRST,
    /** Only through the backplane, which gives every node, this one included, one order. */
    BACKPLANE_ONLY
}
