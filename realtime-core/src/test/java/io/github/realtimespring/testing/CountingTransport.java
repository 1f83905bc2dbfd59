package io.github.realtimespring.testing;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import java.util.List;

/** A transport of a few bytes, for tests with very many members: counts what it writes and forgets it. */
public class CountingTransport implements ConnectionTransport {

    private volatile int events;
    private volatile int pings;

    /** One drain at a time: the counts have one writer. */
    @Override
    public void wakeUp(SendQueue queue) {
        for (List<Frame> batch = queue.poll(64 << 10); batch != null; batch = queue.poll(64 << 10)) {
            for (Frame frame : batch) {
                if (frame.delivery() == null) {
                    this.pings = this.pings + 1;
                } else {
                    this.events = this.events + 1;
                }
            }
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
        return "counting";
    }

    public int events() {
        return this.events;
    }

    /** Frames without an event; where nobody joins through the protocol these are heartbeats. */
    public int pings() {
        return this.pings;
    }
}
