package io.github.realtimespring.webflux;

import io.netty.channel.EventLoop;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What drains queues on each event loop, shared by all WebSockets and event streams of an application. Holds an
 * entry for each loop that has had one, and no threads of its own.
 *
 * @since 0.1.0
 */
public final class WebSocketLoops {

    private final Map<EventLoop, EventLoopDrain> drains = new ConcurrentHashMap<>();

    EventLoopDrain of(EventLoop loop) {
        EventLoopDrain drain = this.drains.get(loop);
        return drain != null ? drain : this.drains.computeIfAbsent(loop, EventLoopDrain::new);
    }

    /** Connections that wait for their loop to write to them, about. */
    public int pending() {
        int pending = 0;
        for (EventLoopDrain drain : this.drains.values()) {
            pending += drain.pending();
        }
        return pending;
    }
}
