package io.github.realtimespring.connection;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One live client: identity, bounded queue and transport. Whoever sends gets an {@link Outcome} and never waits: no
 * method blocks on the peer, and none throws because the peer is slow or gone (SPEC §4).
 *
 * <p>Thread-safe. A connection ends once: the first {@link #close} or {@link #closed} wins, tells the
 * {@link ConnectionListener}, and from then on the queue takes nothing.
 *
 * @since 0.1.0
 */
public final class Connection {

    private static final AtomicLong SEQUENCE = new AtomicLong();

    /** How many times the allowance of a silent peer holds for one whose reading is seen. */
    private static final int READING = 4;

    /** The peer was silent for longer than heartbeat interval and timeout. */
    private static final CloseReason SILENT = new CloseReason(1001, "heartbeat timeout", false);

    private final ConnectionId id;
    private final Identity identity;
    private final ConnectionTransport transport;
    private final ConnectionListener listener;
    private final ControlFrames control;
    private final ReplaySource replays;
    private final Ticker ticker;
    private final Instant openedAt;
    private final long openedNanos;
    private final long sequence = SEQUENCE.incrementAndGet();
    private final SendQueue queue;
    private final AtomicReference<@Nullable CloseReason> ending = new AtomicReference<>();
    private final AtomicBoolean transportClosed = new AtomicBoolean();

    private volatile long lastInbound;
    private volatile long lastPing;
    private volatile long roundTripNanos = -1;

    /**
     * @param id names the connection
     * @param identity who is behind it
     * @param transport what sends for it; told only after the first frame was queued
     * @param limits the bounds of its queue
     * @param control the frames the engine sends by itself, in the transport's format
     * @param replays where the queue gets the events of rooms that it is behind in
     * @param listener hears what happens
     * @param ticker monotonic time
     */
    public Connection(
            ConnectionId id,
            Identity identity,
            ConnectionTransport transport,
            QueueLimits limits,
            ControlFrames control,
            ReplaySource replays,
            ConnectionListener listener,
            Ticker ticker) {
        this.id = id;
        this.identity = identity;
        this.transport = transport;
        this.control = control;
        this.replays = replays;
        this.listener = listener;
        this.ticker = ticker;
        this.openedAt = Instant.now();
        this.openedNanos = ticker.nanos();
        this.lastInbound = this.openedNanos;
        this.lastPing = this.openedNanos;
        this.queue = new SendQueue(limits, control, ticker, new QueueOwner());
    }

    public ConnectionId id() {
        return this.id;
    }

    public Identity identity() {
        return this.identity;
    }

    public ConnectionTransport transport() {
        return this.transport;
    }

    public SendQueue queue() {
        return this.queue;
    }

    public Instant openedAt() {
        return this.openedAt;
    }

    /** How long this connection has been open, in nanoseconds. */
    public long ageNanos() {
        return this.ticker.nanos() - this.openedNanos;
    }

    /** Grows with every connection of this process: of two, the younger one has the larger number. */
    public long sequence() {
        return this.sequence;
    }

    /** Events that this connection's queue dropped. */
    public long dropped() {
        return this.queue.dropped();
    }

    /** The last measured time between a heartbeat and its answer in nanoseconds, or -1. */
    public long roundTripNanos() {
        return this.roundTripNanos;
    }

    /** Queues a frame. */
    public Outcome send(Frame frame) {
        return this.queue.offer(frame);
    }

    /** Queues a frame from a thread that may also write it, if the transport can do so without waiting. */
    public Outcome sendNow(Frame frame) {
        return this.queue.offer(frame, true);
    }

    /** Declares that events of {@code key} were lost; one declaration per key until it is sent. */
    public void gap(RoutingKey key, GapReason reason) {
        this.queue.gap(key, reason);
    }

    /** Makes events of {@code key} wait for {@link #release}: the key is being joined. */
    public void hold(RoutingKey key) {
        this.queue.hold(key);
    }

    /** Queues {@code joined}, if there is one, and behind it the events of {@code key} that came meanwhile. */
    public void release(RoutingKey key, @Nullable Frame joined) {
        this.queue.release(key, joined, null);
    }

    /**
     * Queues {@code joined}, behind it the events without a place in the room's stream that came meanwhile, and, whenever
     * the queue has room for more, those of the stream from {@code continuation} on.
     */
    public void release(RoutingKey key, Frame joined, Continuation continuation) {
        this.queue.release(key, joined, continuation);
    }

    /** Forgets the events of {@code key} that waited or are missing: the join failed, or the membership is over. */
    public void discard(RoutingKey key) {
        this.queue.discard(key);
    }

    /** Whether the connection has not begun to end. */
    public boolean isOpen() {
        return this.ending.get() == null;
    }

    /** Why the connection ends; {@code null} while it is open. */
    public @Nullable CloseReason closeReason() {
        return this.ending.get();
    }

    /**
     * Ends the connection from this side. A graceful reason lets the transport send what is queued first, for as long as
     * the send timeout; any other forgets it.
     */
    public void close(CloseReason reason) {
        if (!this.ending.compareAndSet(null, reason)) {
            return;
        }
        boolean nothingLeft = reason.graceful() && this.queue.finish();
        if (!reason.graceful()) {
            this.queue.abort();
        }
        this.listener.closed(this, reason, ConnectionListener.Initiator.SERVER);
        if (nothingLeft || !reason.graceful()) {
            closeTransport(reason);
        }
    }

    /** The transport has ended, whoever began it. */
    public void closed(CloseReason reason) {
        this.transportClosed.set(true);
        boolean first = this.ending.compareAndSet(null, reason);
        this.queue.abort();
        if (first) {
            this.listener.closed(this, reason, ConnectionListener.Initiator.CLIENT);
        }
    }

    /** The peer sent something. */
    public void inbound() {
        this.lastInbound = this.ticker.nanos();
    }

    /** The peer answered a heartbeat. */
    public void pong() {
        long roundTrip = this.ticker.nanos() - this.lastPing;
        this.roundTripNanos = roundTrip;
        this.listener.heartbeat(this, roundTrip);
    }

    /**
     * Applies deadlines and sends a heartbeat when one is due, as the transport has it. A peer whose reading lets writes go
     * on that had to wait for it may be silent {@value #READING} times as long: the heartbeat that it is to answer may be
     * behind them. Not for ever, since one that reads and never answers, such as one that only sends control frames below
     * this protocol, would otherwise be alive as long as it keeps its own socket full.
     *
     * @param interval time between heartbeats
     * @param timeout how much longer the peer may be silent
     */
    public void tick(long now, Duration interval, Duration timeout) {
        this.queue.expire(now);
        ConnectionTransport.Heartbeat heartbeat = this.transport.heartbeat();
        if (!isOpen() || heartbeat == ConnectionTransport.Heartbeat.NONE) {
            return;
        }
        if (heartbeat == ConnectionTransport.Heartbeat.ANSWERED
                && isSilent(now, interval.toNanos() + timeout.toNanos())) {
            this.listener.heartbeatMissed(this);
            close(SILENT);
        } else if (now - this.lastPing >= interval.toNanos()) {
            this.lastPing = now;
            send(this.control.ping());
        }
    }

    private boolean isSilent(long now, long allowance) {
        long silent = now - this.lastInbound;
        return silent > allowance && (now - this.queue.takenNanos() > allowance || silent > READING * allowance);
    }

    /** Restarts every deadline of the peer: this process was not running for a while. */
    public void restartAllowance(long now) {
        this.lastInbound = now;
        this.queue.restartAllowance(now);
    }

    private void closeTransport(CloseReason reason) {
        if (this.transportClosed.compareAndSet(false, true)) {
            this.transport.close(reason);
        }
    }

    @Override
    public String toString() {
        return "Connection[" + this.id + " " + this.transport.name() + "]";
    }

    private final class QueueOwner implements SendQueue.Owner {

        @Override
        public void ready(SendQueue queue, boolean now) {
            if (now) {
                Connection.this.transport.wakeUpNow(queue);
            } else {
                Connection.this.transport.wakeUp(queue);
            }
        }

        @Override
        public void overflowed(OverflowPolicy policy, @Nullable Delivery delivery) {
            Connection.this.listener.overflowed(Connection.this, policy, delivery);
        }

        @Override
        public void gapDeclared(GapReason reason) {
            Connection.this.listener.gapDeclared(Connection.this, reason);
        }

        @Override
        public void tooSlow() {
            close(CloseReason.SLOW_CONSUMER);
            // A graceful close may be under way and stuck: its transport is cut with the code it had.
            CloseReason reason = Connection.this.ending.get();
            if (reason != null) {
                closeTransport(reason.abrupt());
            }
        }

        @Override
        public void drained() {
            CloseReason reason = Connection.this.ending.get();
            if (reason != null) {
                closeTransport(reason);
            }
        }

        @Override
        public void wants(Pull pull) {
            Connection.this.replays.pull(Connection.this, pull);
        }

        @Override
        public void flushed(int frames, long bytes, long waitedNanos) {
            Connection.this.listener.flushed(Connection.this, frames, bytes, waitedNanos);
        }
    }
}
