package io.github.realtimespring.protocol;

/**
 * Hears the steps of a {@link Drain}, for readiness and for meters. Called on the thread that made the step;
 * implementations return at once and do not throw: what one throws is logged, and keeps nobody else from hearing.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface DrainListener {

    /**
     * The drain came to a step.
     *
     * @param remaining connections that are still held
     */
    void step(Drain.Step step, int remaining);
}
