package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.protocol.ProtocolSessions;
import org.springframework.context.SmartLifecycle;

/**
 * Starts the engine before the web server takes its first connection. It ends when the beans are destroyed, after
 * everything that may still send.
 */
final class EngineLifecycle implements SmartLifecycle {

    /** The web server starts at {@code DEFAULT_PHASE - 2048}. */
    static final int PHASE = DEFAULT_PHASE - 4096;

    private final FanoutService fanout;
    private final Liveness liveness;
    private final ProtocolSessions sessions;
    private boolean started;
    private volatile boolean running;

    EngineLifecycle(FanoutService fanout, Liveness liveness, ProtocolSessions sessions) {
        this.fanout = fanout;
        this.liveness = liveness;
        this.sessions = sessions;
    }

    @Override
    public void start() {
        if (!this.started) {
            this.started = true;
            this.fanout.start();
        }
        this.sessions.start();
        this.liveness.start();
        this.running = true;
    }

    @Override
    public void stop() {
        this.liveness.close();
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
        return PHASE;
    }
}
