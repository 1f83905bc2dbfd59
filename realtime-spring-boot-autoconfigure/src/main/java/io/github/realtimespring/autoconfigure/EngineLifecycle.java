package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.protocol.ProtocolSessions;

/**
 * Starts the engine before the web server takes its first connection. It ends when the beans are destroyed, after
 * everything that may still send.
 */
final class EngineLifecycle extends AbstractLifecycle {

    /** The web server starts at {@code DEFAULT_PHASE - 2048}. */
    static final int PHASE = DEFAULT_PHASE - 4096;

    private final FanoutService fanout;
    private final Liveness liveness;
    private final ProtocolSessions sessions;
    private boolean started;

    EngineLifecycle(FanoutService fanout, Liveness liveness, ProtocolSessions sessions) {
        super(PHASE);
        this.fanout = fanout;
        this.liveness = liveness;
        this.sessions = sessions;
    }

    @Override
    void begin() {
        if (!this.started) {
            this.started = true;
            this.fanout.start();
        }
        this.sessions.start();
        this.liveness.start();
    }

    @Override
    void end(Runnable done) {
        this.liveness.close();
        done.run();
    }
}
