package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSession;
import io.github.realtimespring.protocol.ProtocolSessions;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A transport in memory: frames go to the inbox on the thread that queued them. Heartbeats are answered by themselves.
 *
 * <p>{@code lock} guards the fields below it and is held for nothing else; {@code sending} makes frames of several
 * threads come one after the other and is never taken with {@code lock} held.
 */
final class EmbeddedConnection implements ConnectionTransport, TestConnection {

    private static final int BATCH = 64 << 10;
    private static final String PONG = "{\"type\":\"pong\"}";

    private final Inbox inbox;
    private final Object sending = new Object();
    private final AtomicInteger draining = new AtomicInteger();
    private final Object lock = new Object();
    private boolean reading = true;
    private @Nullable SendQueue waiting;
    private @Nullable ProtocolSession session;
    private @Nullable CloseReason ended;

    EmbeddedConnection(Inbox inbox) {
        this.inbox = inbox;
    }

    void open(ProtocolSessions sessions, Handshake handshake) {
        ProtocolSession opened = sessions.open(handshake, this);
        CloseReason refused;
        synchronized (this.lock) {
            this.session = opened;
            refused = this.ended;
        }
        if (refused != null) {
            opened.closed(refused);
        }
    }

    private @Nullable ProtocolSession session() {
        synchronized (this.lock) {
            return this.session;
        }
    }

    @Override
    public void send(String text) {
        ProtocolSession session = session();
        if (session != null) {
            synchronized (this.sending) {
                session.receive(text);
            }
        }
    }

    @Override
    public void disconnect() {
        resumeReading();
        end(CloseReason.NORMAL);
        this.inbox.disconnected();
    }

    private void end(CloseReason reason) {
        ProtocolSession session;
        synchronized (this.lock) {
            if (this.ended != null) {
                return;
            }
            this.ended = reason;
            session = this.session;
        }
        if (session != null) {
            session.closed(reason);
        }
    }

    @Override
    public boolean isEnded() {
        synchronized (this.lock) {
            return this.ended != null;
        }
    }

    @Override
    public void close(CloseReason reason) {
        this.inbox.closed(reason);
        end(reason);
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.draining.incrementAndGet();
        try {
            while (mayRead(queue)) {
                List<Frame> batch = queue.poll(BATCH);
                if (batch == null) {
                    return;
                }
                arrived(batch);
                queue.written();
            }
        } finally {
            this.draining.decrementAndGet();
        }
    }

    private boolean mayRead(SendQueue queue) {
        synchronized (this.lock) {
            if (!this.reading) {
                this.waiting = queue;
            }
            return this.reading;
        }
    }

    private void arrived(List<Frame> frames) {
        for (Frame frame : frames) {
            Inbox.Arrival arrival = this.inbox.add(frame.text());
            if (arrival == Inbox.Arrival.PING) {
                send(PONG);
            } else if (arrival == Inbox.Arrival.REFUSED) {
                end(CloseReason.ABNORMAL);
            }
        }
    }

    @Override
    public void stopReading() {
        synchronized (this.lock) {
            this.reading = false;
        }
    }

    @Override
    public void resumeReading() {
        SendQueue queue;
        synchronized (this.lock) {
            this.reading = true;
            queue = this.waiting;
            this.waiting = null;
        }
        if (queue != null) {
            wakeUp(queue);
        }
    }

    /** Whether everything that was queued for this client has arrived, or waits because it does not read. */
    boolean isDrained() {
        ProtocolSession session;
        synchronized (this.lock) {
            session = this.session;
            if (session == null || !this.reading) {
                return true;
            }
        }
        // In this order: what was taken out of the queue has arrived once nobody drains.
        return session.connection().queue().size() == 0 && this.draining.get() == 0;
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "embedded";
    }
}
