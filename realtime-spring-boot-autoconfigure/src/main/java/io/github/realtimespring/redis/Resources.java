package io.github.realtimespring.redis;

import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.DefaultClientResources;
import io.lettuce.core.resource.DefaultEventLoopGroupProvider;
import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.ThreadFactoryProvider;
import io.lettuce.core.tracing.Tracing;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;

/**
 * What connections to Redis run on: the application's resources, but for
 *
 * <ul>
 *   <li>one event loop of our own: the answer to a publish and the same message on the channel come in one moment, and two
 *       loops would be woken for it,
 *   <li>no observation and no latency of single commands: {@code realtime.backplane.publish} has both.
 * </ul>
 */
final class Resources implements AutoCloseable {

    private final EventLoopGroupProvider loops = new DefaultEventLoopGroupProvider(
            1, (ThreadFactoryProvider) name -> new DefaultThreadFactory("realtime-redis-io", true));
    private final ClientResources resources;

    Resources(LettuceClientConfiguration application) {
        this.resources = application
                .getClientResources()
                // Without that, lettuce takes what it got from the application for its own, and ends it.
                .map(own -> own.mutate()
                        .eventExecutorGroup(own.eventExecutorGroup())
                        .timer(own.timer()))
                .orElseGet(DefaultClientResources::builder)
                .eventLoopGroupProvider(this.loops)
                .tracing(Tracing.disabled())
                .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                .build();
    }

    ClientResources get() {
        return this.resources;
    }

    /** Lettuce's threads for what is not reading and writing. */
    Executor executor() {
        return this.resources.eventExecutorGroup();
    }

    /** Ends what is not the application's. Called when no connection is left. */
    @Override
    public void close() {
        this.loops.shutdown(0, 2, TimeUnit.SECONDS);
        this.resources.shutdown(0, 2, TimeUnit.SECONDS);
    }
}
