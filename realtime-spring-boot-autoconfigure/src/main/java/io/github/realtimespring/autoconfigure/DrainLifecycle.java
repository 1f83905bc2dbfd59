package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.Drain;
import org.springframework.context.SmartLifecycle;

/**
 * Drains when the context closes, before the web server's graceful shutdown at {@code DEFAULT_PHASE - 1024}: clients get
 * 1012 while their sockets still work, and the server then has nothing to wait for.
 */
final class DrainLifecycle implements SmartLifecycle {

    static final int PHASE = DEFAULT_PHASE - 512;

    private final Drain drain;
    private final boolean onShutdown;
    private volatile boolean running;

    DrainLifecycle(Drain drain, boolean onShutdown) {
        this.drain = drain;
        this.onShutdown = onShutdown;
    }

    @Override
    public void start() {
        this.drain.stop();
        this.running = true;
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public void stop(Runnable callback) {
        this.running = false;
        if (this.onShutdown) {
            this.drain.start().whenComplete((done, failure) -> callback.run());
        } else {
            callback.run();
        }
    }

    @Override
    public boolean isRunning() {
        return this.running;
    }

    @Override
    public boolean isPauseable() {
        return false;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
