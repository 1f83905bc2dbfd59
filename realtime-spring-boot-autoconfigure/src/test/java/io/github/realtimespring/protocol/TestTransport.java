package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A transport in memory that writes at once what it is woken for. {@link #block()} makes it a peer that reads nothing: the
 * first batch stays in flight until {@link #unblock()}. {@link #fail()} makes the next write a lost connection.
 */
final class TestTransport implements ConnectionTransport {

    private static final int BATCH = 64 << 10;

    private final List<String> received = new CopyOnWriteArrayList<>();
    private final List<CloseReason> closes = new CopyOnWriteArrayList<>();
    private volatile ProtocolSession session;
    private boolean blocked;
    private boolean failing;
    private SendQueue waiting;
    private List<Frame> inFlight;

    /** The session that is told when the transport ends. */
    TestTransport serves(ProtocolSession session) {
        this.session = session;
        if (!this.closes.isEmpty()) {
            session.closed(this.closes.get(0));
        }
        return this;
    }

    @Override
    public void wakeUp(SendQueue queue) {
        synchronized (this) {
            if (this.failing) {
                this.session.closed(CloseReason.ABNORMAL);
                return;
            }
            if (this.blocked) {
                this.waiting = queue;
                if (this.inFlight == null) {
                    this.inFlight = queue.poll(1);
                }
                return;
            }
        }
        drain(queue);
    }

    private void drain(SendQueue queue) {
        for (List<Frame> batch = queue.poll(BATCH); batch != null; batch = queue.poll(BATCH)) {
            batch.forEach(frame -> this.received.add(frame.text()));
            queue.written();
        }
    }

    @Override
    public void close(CloseReason reason) {
        this.closes.add(reason);
        ProtocolSession session = this.session;
        if (session != null) {
            session.closed(reason);
        }
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "test";
    }

    synchronized TestTransport block() {
        this.blocked = true;
        return this;
    }

    void unblock() {
        SendQueue queue;
        synchronized (this) {
            this.blocked = false;
            queue = this.waiting;
            this.waiting = null;
            if (queue == null) {
                return;
            }
            if (this.inFlight != null) {
                this.inFlight.forEach(frame -> this.received.add(frame.text()));
                this.inFlight = null;
                queue.written();
            }
        }
        drain(queue);
    }

    synchronized TestTransport fail() {
        this.failing = true;
        return this;
    }

    List<String> received() {
        return this.received;
    }

    List<CloseReason> closes() {
        return this.closes;
    }
}
