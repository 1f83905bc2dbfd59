package io.github.realtimespring.backplane;

/**
 * Does what another node asks for. One per adapter, set before its start.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ControlListener {

    /** Called on a thread of the broker, with no lock of the adapter held; does not wait. */
    void onControl(Control control);
}
