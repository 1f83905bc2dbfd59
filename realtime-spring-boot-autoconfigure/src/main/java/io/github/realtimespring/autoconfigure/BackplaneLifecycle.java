package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.registry.ConnectionRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Closes the backplane after the drain, the web server and the engine have stopped and before the connections that it uses
 * do: those of Spring Data Redis stop in phase 0. A context that is stopped only, and may start again, keeps it.
 *
 * <p>Whoever is connected still receives what the backplane brings, so whoever is still there by then, without a drain or
 * behind its timeout, goes first.
 */
final class BackplaneLifecycle extends AbstractLifecycle implements ApplicationListener<ContextClosedEvent> {

    static final int PHASE = 1024;

    private final ApplicationContext context;
    private final BackplaneAdapter backplane;
    private final ConnectionRegistry connections;
    private final ObjectProvider<Drain> drain;
    private volatile boolean closing;

    BackplaneLifecycle(
            ApplicationContext context,
            BackplaneAdapter backplane,
            ConnectionRegistry connections,
            ObjectProvider<Drain> drain) {
        super(PHASE);
        this.context = context;
        this.backplane = backplane;
        this.connections = connections;
        this.drain = drain;
    }

    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext() == this.context) {
            this.closing = true;
        }
    }

    @Override
    void begin() {}

    @Override
    void end(Runnable done) {
        if (this.closing) {
            this.connections.forEach(connection -> connection.close(CloseReason.DRAINING.abrupt()));
            this.backplane.close();
            this.drain.ifAvailable(Drain::detached);
        }
        done.run();
    }
}
