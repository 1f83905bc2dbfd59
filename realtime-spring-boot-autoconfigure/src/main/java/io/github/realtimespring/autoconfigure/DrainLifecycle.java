package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.Drain;

/**
 * Drains when the context closes, before the web server's graceful shutdown at {@code DEFAULT_PHASE - 1024}: clients get
 * 1012 while their sockets still work, and the server then has nothing to wait for.
 */
final class DrainLifecycle extends AbstractLifecycle {

    static final int PHASE = DEFAULT_PHASE - 512;

    private final Drain drain;
    private final boolean onShutdown;

    DrainLifecycle(Drain drain, boolean onShutdown) {
        super(PHASE);
        this.drain = drain;
        this.onShutdown = onShutdown;
    }

    @Override
    void begin() {
        this.drain.stop();
    }

    @Override
    void end(Runnable done) {
        if (this.onShutdown) {
            this.drain.start().whenComplete((drained, failure) -> done.run());
        } else {
            done.run();
        }
    }
}
