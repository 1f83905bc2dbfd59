package io.github.realtimespring.testing;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A transport in memory. It writes at once what it is woken for; {@link #block()} makes it a peer that reads nothing:
 * the first batch stays in flight until {@link #unblock()}.
 */
public final class TestTransport implements ConnectionTransport {

    private static final int BATCH = 64 << 10;

    private final List<String> received = new CopyOnWriteArrayList<>();
    private final List<CloseReason> closes = new CopyOnWriteArrayList<>();
    private final AtomicInteger wakeUps = new AtomicInteger();
    private volatile Runnable onWakeUp = () -> {};
    private boolean blocked;
    private @Nullable SendQueue waiting;
    private @Nullable List<Frame> inFlight;
    private final Heartbeat heartbeat;

    public TestTransport() {
        this(Heartbeat.ANSWERED);
    }

    public TestTransport(Heartbeat heartbeat) {
        this.heartbeat = heartbeat;
    }

    @Override
    public Heartbeat heartbeat() {
        return this.heartbeat;
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.wakeUps.incrementAndGet();
        this.onWakeUp.run();
        synchronized (this) {
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
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "test";
    }

    /** From now on nothing is read. */
    public synchronized TestTransport block() {
        this.blocked = true;
        return this;
    }

    /** Reads everything that waits and goes on reading. */
    public void unblock() {
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

    /** Reads what is in flight, as a peer does that reads nothing but now and then. */
    public void readOne() {
        SendQueue queue;
        synchronized (this) {
            queue = this.waiting;
            if (queue == null || this.inFlight == null) {
                return;
            }
            this.inFlight.forEach(frame -> this.received.add(frame.text()));
            this.inFlight = null;
        }
        queue.written();
        synchronized (this) {
            this.inFlight = queue.poll(1);
        }
    }

    /** Runs {@code action} inside every wake-up, on the thread that sends. */
    public TestTransport onWakeUp(Runnable action) {
        this.onWakeUp = action;
        return this;
    }

    /** What the peer has read, in order. */
    public List<String> received() {
        return new ArrayList<>(this.received);
    }

    /** How often the transport was closed, and why. */
    public List<CloseReason> closes() {
        return this.closes;
    }

    public int wakeUps() {
        return this.wakeUps.get();
    }
}
