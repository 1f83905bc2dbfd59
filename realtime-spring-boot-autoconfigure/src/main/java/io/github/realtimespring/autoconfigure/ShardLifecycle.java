package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.shard.LeasedShardRouter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Takes part in owning buckets from before the first connection until after the last one: a node that leaves hands its
 * buckets over before the backplane says goodbye, which makes others look. A context that is stopped only keeps them.
 */
final class ShardLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

    private final ApplicationContext context;
    private final LeasedShardRouter router;
    private final Duration patience;
    private boolean started;
    private volatile boolean closing;
    private volatile boolean running;

    ShardLifecycle(ApplicationContext context, LeasedShardRouter router, Duration patience) {
        this.context = context;
        this.router = router;
        this.patience = patience;
    }

    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        if (event.getApplicationContext() == this.context) {
            this.closing = true;
        }
    }

    @Override
    public void start() {
        if (!this.started) {
            this.started = true;
            this.router.start();
        }
        this.running = true;
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public void stop(Runnable callback) {
        this.running = false;
        if (this.closing) {
            this.router
                    .leave()
                    .toCompletableFuture()
                    .orTimeout(this.patience.toMillis(), TimeUnit.MILLISECONDS)
                    .whenComplete((left, failure) -> callback.run());
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

    /** Begins after the engine, ends before it. */
    @Override
    public int getPhase() {
        return EngineLifecycle.PHASE + 1;
    }
}
