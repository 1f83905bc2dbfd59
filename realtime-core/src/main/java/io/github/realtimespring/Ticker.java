package io.github.realtimespring;

/**
 * Monotonic time. Ages, deadlines and leases are measured with it, so a change of the wall clock moves nothing.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface Ticker {

    /** The time of this process. */
    Ticker SYSTEM = System::nanoTime;

    /** Nanoseconds since some fixed moment; only differences mean anything. */
    long nanos();
}
