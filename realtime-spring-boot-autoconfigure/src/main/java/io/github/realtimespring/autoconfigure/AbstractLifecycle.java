package io.github.realtimespring.autoconfigure;

import org.springframework.context.SmartLifecycle;

/**
 * Something that begins and ends with the application, in its phase: phases begin upwards and end downwards. It is not
 * paused by tests that share contexts.
 */
abstract class AbstractLifecycle implements SmartLifecycle {

    private final int phase;
    private volatile boolean running;

    AbstractLifecycle(int phase) {
        this.phase = phase;
    }

    abstract void begin();

    /** @param done is to be called when it is over, from any thread; the next phase waits for it */
    abstract void end(Runnable done);

    @Override
    public final void start() {
        begin();
        this.running = true;
    }

    @Override
    public final void stop(Runnable callback) {
        this.running = false;
        end(callback);
    }

    @Override
    public final void stop() {
        stop(() -> {});
    }

    @Override
    public final boolean isRunning() {
        return this.running;
    }

    @Override
    public final boolean isPauseable() {
        return false;
    }

    @Override
    public final int getPhase() {
        return this.phase;
    }
}
