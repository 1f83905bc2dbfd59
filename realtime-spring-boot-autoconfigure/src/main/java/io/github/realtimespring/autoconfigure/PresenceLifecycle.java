package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.presence.PresenceService;
import org.springframework.context.SmartLifecycle;

/**
 * Lets presence do what is due from the start of the engine until the backplane is closed: what users do while the
 * connections are let go is told to those who stay.
 */
final class PresenceLifecycle implements SmartLifecycle {

    private final PresenceService presence;
    private volatile boolean running;

    PresenceLifecycle(PresenceService presence) {
        this.presence = presence;
    }

    @Override
    public void start() {
        this.presence.start();
        this.running = true;
    }

    @Override
    public void stop() {
        this.running = false;
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
        return EngineLifecycle.PHASE + 1;
    }
}
