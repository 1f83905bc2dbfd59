package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Closes the backplane after the drain, the web server and the engine have stopped and before the connections that it uses
 * do: those of Spring Data Redis stop in phase 0. A context that is stopped only, and may start again, keeps it.
 */
final class BackplaneLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

    static final int PHASE = 1024;

    private final ApplicationContext context;
    private final BackplaneAdapter backplane;
    private volatile boolean closing;
    private volatile boolean running;

    BackplaneLifecycle(ApplicationContext context, BackplaneAdapter backplane) {
        this.context = context;
        this.backplane = backplane;
    }

    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext() == this.context) {
            this.closing = true;
        }
    }

    @Override
    public void start() {
        this.running = true;
    }

    @Override
    public void stop() {
        this.running = false;
        if (this.closing) {
            this.backplane.close();
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
