package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;

/** The cheapest transport: everything is written at once, to nobody. */
class StubTransport implements ConnectionTransport {

    private static final int BATCH = 64 << 10;

    @Override
    public void wakeUp(SendQueue queue) {
        while (queue.poll(BATCH) != null) {
            queue.written();
        }
    }

    @Override
    public void close(CloseReason reason) {}

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "stub";
    }
}
