package io.github.realtimespring.connection;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What waits for one client: bounded by bytes, count and age, checked before the push (SPEC §4).
 *
 * <p>Frames leave in the order in which they came, with three exceptions that the specification wants: a coalesced value
 * takes the place of the older one, a {@code gap} stands where the hole is, and events of a room that is still being
 * joined wait until {@link #release}.
 *
 * <h2>Concurrency</h2>
 *
 * Every field is guarded by this object's monitor, which is a leaf: nothing is called with it held, neither the
 * transport nor a listener. Invariants, at every release of the monitor:
 *
 * <ul>
 *   <li>{@code bytes} and {@code count} are the sums over ring and held frames; with {@code inFlightBytes} they stay
 *       within the limits plus the reserve.
 *   <li>{@code ready} is true from the wake-up of the transport until {@link #poll} has returned {@code null}; while the
 *       ring is not empty, {@code ready} is true. Hence one drain at a time, and none is missed.
 *   <li>a key is in {@code gaps} exactly while a gap of it waits.
 * </ul>
 *
 * @since 0.1.0
 */
public final class SendQueue {

    private static final int SMALLEST = 8;
    private static final int LARGEST_KEPT = 64;

    /** What has to happen once the monitor is free. */
    private static final int WAKE = 1;

    private static final int OVERFLOWED = 2;
    private static final int GAP = 4;
    private static final int CLOSE = 8;

    private enum State {
        OPEN,
        /** Takes nothing more, still sends what it has. */
        FINISHING,
        CLOSED
    }

    /** The owner's side: what the queue tells once its monitor is free. */
    interface Owner {
        /** @param now whether the calling thread may be used for the drain */
        void ready(SendQueue queue, boolean now);

        void overflowed(OverflowPolicy policy, @Nullable Delivery delivery);

        void gapDeclared(GapReason reason);

        void tooSlow();

        void drained();

        void flushed(int frames, long bytes, long waitedNanos);
    }

    private final QueueLimits limits;
    private final ControlFrames control;
    private final Ticker ticker;
    private final Owner owner;

    private @Nullable Frame[] ring = new Frame[SMALLEST];
    private long[] since = new long[SMALLEST];
    /** Sequence numbers: the slot of {@code n} is {@code n & (ring.length - 1)}. */
    private long head;

    private long tail;
    private int count;
    private long bytes;
    private int inFlight;
    private long inFlightBytes;
    private long inFlightSince;
    private long inFlightWaited;
    private boolean ready;
    private State state = State.OPEN;
    private long finishingSince;
    private long dropped;
    private @Nullable Map<Object, Long> slots;
    private @Nullable Set<RoutingKey> gaps;
    private @Nullable Map<RoutingKey, List<Frame>> held;

    SendQueue(QueueLimits limits, ControlFrames control, Ticker ticker, Owner owner) {
        this.limits = limits;
        this.control = control;
        this.ticker = ticker;
        this.owner = owner;
    }

    /** Takes a frame, or answers why not. */
    Outcome offer(Frame frame) {
        return offer(frame, false);
    }

    /** @param now whether the transport may drain on this thread */
    Outcome offer(Frame frame, boolean now) {
        Outcome outcome;
        int effects;
        OverflowPolicy policy = policyOf(frame);
        synchronized (this) {
            if (this.state != State.OPEN) {
                return Outcome.CLOSED;
            }
            int before = pendingGaps();
            long nanos = this.ticker.nanos();
            if (coalesce(frame, nanos)) {
                outcome = Outcome.COALESCED;
                effects = 0;
            } else if (fits(frame)) {
                append(frame, nanos);
                outcome = Outcome.ACCEPTED;
                effects = 0;
            } else {
                outcome = overflow(frame, policy, nanos);
                effects = outcome == Outcome.CLOSED ? OVERFLOWED | CLOSE : OVERFLOWED;
            }
            if (pendingGaps() > before) {
                effects |= GAP;
            }
            effects |= wakeUp();
        }
        if (effects == WAKE) {
            this.owner.ready(this, now);
        } else if (effects != 0) {
            act(effects, policy, frame.delivery(), GapReason.OVERFLOW);
        }
        return outcome;
    }

    /** Declares a hole in {@code key}, unless one is declared already and not sent yet. */
    void gap(RoutingKey key, GapReason reason) {
        int effects;
        synchronized (this) {
            if (this.state != State.OPEN) {
                return;
            }
            effects = declareGap(key, reason, this.ticker.nanos()) ? GAP : 0;
            effects |= this.state == State.CLOSED ? CLOSE : wakeUp();
        }
        act(effects, OverflowPolicy.CLOSE, null, reason);
    }

    /** From now on events and gaps of {@code key} wait for {@link #release}; they count in the bounds. */
    synchronized void hold(RoutingKey key) {
        if (this.held == null) {
            this.held = new HashMap<>(4);
        }
        this.held.putIfAbsent(key, new ArrayList<>(2));
    }

    /** Queues {@code first}, if there is one, then everything of {@code key} that was held. */
    void release(RoutingKey key, @Nullable Frame first) {
        int effects;
        synchronized (this) {
            List<Frame> waiting = this.held == null ? null : this.held.remove(key);
            if (this.state != State.OPEN) {
                forget(waiting);
                return;
            }
            long now = this.ticker.nanos();
            effects = 0;
            if (first == null || fits(first)) {
                if (first != null) {
                    append(first, now);
                }
                if (waiting != null) {
                    for (Frame frame : waiting) {
                        push(frame, now);
                    }
                }
            } else {
                shut();
                effects = OVERFLOWED | CLOSE;
            }
            effects |= wakeUp();
        }
        act(effects, OverflowPolicy.CLOSE, null, GapReason.OVERFLOW);
    }

    /** Forgets what was held for {@code key}: the join did not happen. */
    synchronized void discard(RoutingKey key) {
        forget(this.held == null ? null : this.held.remove(key));
    }

    private void forget(@Nullable List<Frame> waiting) {
        if (waiting != null) {
            for (Frame frame : waiting) {
                this.count--;
                this.bytes -= frame.size();
                if (frame.isGap()) {
                    sentGap(frame);
                }
            }
        }
    }

    /**
     * The next frames to write, at most {@code maxBytes} of them unless the first alone is larger; {@code null} when
     * nothing waits, which ends the drain until the next {@link ConnectionTransport#wakeUp}. The transport calls
     * {@link #written} before it polls again.
     */
    public @Nullable List<Frame> poll(int maxBytes) {
        List<Frame> batch;
        synchronized (this) {
            if (this.inFlight > 0) {
                throw new IllegalStateException("the previous batch is still in flight");
            }
            batch = this.state == State.CLOSED ? List.of() : take(maxBytes);
            if (batch.isEmpty()) {
                this.ready = false;
                shrink();
                if (this.state != State.FINISHING) {
                    return null;
                }
                this.state = State.CLOSED;
            }
        }
        if (batch.isEmpty()) {
            this.owner.drained();
            return null;
        }
        return batch;
    }

    /** The batch that {@link #poll} gave has been handed to the peer. */
    public void written() {
        int frames;
        long size;
        long waited;
        synchronized (this) {
            frames = this.inFlight;
            size = this.inFlightBytes;
            waited = this.inFlightWaited;
            this.inFlight = 0;
            this.inFlightBytes = 0;
        }
        if (frames > 0) {
            this.owner.flushed(frames, size, waited);
        }
    }

    /** Takes nothing more; true if nothing is left to send either. */
    synchronized boolean finish() {
        if (this.state == State.OPEN) {
            this.state = this.ready || this.inFlight > 0 ? State.FINISHING : State.CLOSED;
            this.finishingSince = this.ticker.nanos();
        }
        return this.state == State.CLOSED;
    }

    /** Takes nothing more and forgets what it has. */
    synchronized void abort() {
        shut();
    }

    /**
     * Applies the limits of time. Late events are dropped as their class says; a write or a close that takes longer than
     * the send timeout, and late frames that must not be dropped, end the connection.
     */
    void expire(long now) {
        int effects = 0;
        OverflowPolicy policy = OverflowPolicy.CLOSE;
        Delivery delivery = null;
        synchronized (this) {
            if (this.state == State.CLOSED) {
                return;
            }
            long timeout = this.limits.sendTimeout().toNanos();
            if (this.inFlight > 0 && now - this.inFlightSince > timeout
                    || this.state == State.FINISHING && now - this.finishingSince > timeout) {
                shut();
                effects = CLOSE;
            } else {
                int before = pendingGaps();
                long maxAge = this.limits.maxAge().toNanos();
                for (long n = this.head; n < this.tail && now - this.since[slot(n)] > maxAge; n++) {
                    Frame frame = this.ring[slot(n)];
                    if (frame == null) {
                        continue;
                    }
                    policy = policyOf(frame);
                    delivery = frame.delivery();
                    effects |= OVERFLOWED;
                    if (policy == OverflowPolicy.CLOSE) {
                        shut();
                        effects |= CLOSE;
                        break;
                    }
                    dropAt(n, frame, now);
                }
                if (this.state != State.CLOSED && pendingGaps() > before) {
                    effects |= GAP;
                }
            }
        }
        act(effects, policy, delivery, GapReason.OVERFLOW);
    }

    /** Gives a write in flight its whole allowance again: time went by in which nobody here could run. */
    synchronized void restartAllowance(long now) {
        this.inFlightSince = now;
        this.finishingSince = now;
        for (long n = this.head; n < this.tail; n++) {
            this.since[slot(n)] = now;
        }
    }

    /** Frames that wait, those in flight not among them. */
    public synchronized int size() {
        return this.count;
    }

    /** Encoded bytes that wait or are in flight. */
    public synchronized long bytes() {
        return this.bytes + this.inFlightBytes;
    }

    /** Events that were refused or removed because of the bounds, since the beginning. */
    public synchronized long dropped() {
        return this.dropped;
    }

    /** How long the oldest waiting frame has been waiting, in nanoseconds; 0 if none waits. */
    public synchronized long oldestNanos() {
        for (long n = this.head; n < this.tail; n++) {
            if (this.ring[slot(n)] != null) {
                return this.ticker.nanos() - this.since[slot(n)];
            }
        }
        return 0;
    }

    private OverflowPolicy policyOf(Frame frame) {
        OverflowPolicy policy = frame.overflow();
        return policy == OverflowPolicy.CONNECTION ? this.limits.overflow() : policy;
    }

    private boolean fits(Frame frame) {
        long size = this.bytes + this.inFlightBytes + frame.size();
        if (frame.isEvent()) {
            // Gaps live on the reserve: declaring a loss must not cause the next one.
            return this.count - pendingGaps() < this.limits.maxMessages() && size <= this.limits.maxBytes();
        }
        return this.count < this.limits.maxMessages() + QueueLimits.RESERVE_MESSAGES
                && size <= this.limits.maxBytes() + this.limits.reserveBytes();
    }

    /** Lets {@code frame} take the slot of an unsent older value. */
    private boolean coalesce(Frame frame, long now) {
        Object coalescing = frame.coalescing();
        if (coalescing == null || this.slots == null) {
            return false;
        }
        Long n = this.slots.get(coalescing);
        if (n == null) {
            return false;
        }
        Frame older = Objects.requireNonNull(this.ring[slot(n)]);
        int growth = frame.size() - older.size();
        if (growth > 0 && this.bytes + this.inFlightBytes + growth > this.limits.maxBytes()) {
            return false;
        }
        this.ring[slot(n)] = frame;
        this.since[slot(n)] = now;
        this.bytes += growth;
        return true;
    }

    private Outcome overflow(Frame frame, OverflowPolicy policy, long now) {
        switch (policy) {
            case DROP_NEWEST, COALESCE -> {
                return dropNewest(frame, now);
            }
            case DROP_OLDEST -> {
                for (long n = this.head; n < this.tail && !fits(frame); n++) {
                    Frame older = this.ring[slot(n)];
                    if (older != null && older.isEvent() && policyOf(older) != OverflowPolicy.CLOSE) {
                        dropAt(n, older, now);
                    }
                }
                if (this.state == State.CLOSED) {
                    return Outcome.CLOSED;
                }
                if (!fits(frame)) {
                    return dropNewest(frame, now);
                }
                append(frame, now);
                return Outcome.ACCEPTED;
            }
            default -> {
                shut();
                return Outcome.CLOSED;
            }
        }
    }

    private Outcome dropNewest(Frame frame, long now) {
        this.dropped++;
        if (frame.declaresLoss()) {
            declareGap(Objects.requireNonNull(frame.key()), GapReason.OVERFLOW, now);
        }
        return this.state == State.CLOSED ? Outcome.CLOSED : Outcome.DROPPED;
    }

    /** Empties slot {@code n}; where the class declares loss, a gap takes the slot. */
    private void dropAt(long n, Frame frame, long now) {
        this.ring[slot(n)] = null;
        this.count--;
        this.bytes -= frame.size();
        this.dropped++;
        forgetSlot(frame, n);
        RoutingKey key = frame.key();
        if (frame.declaresLoss() && key != null && rememberGap(key)) {
            Frame gap = this.control.gap(key, GapReason.OVERFLOW);
            this.ring[slot(n)] = gap;
            this.since[slot(n)] = now;
            this.count++;
            this.bytes += gap.size();
        }
    }

    private boolean declareGap(RoutingKey key, GapReason reason, long now) {
        if (!rememberGap(key)) {
            return false;
        }
        Frame gap = this.control.gap(key, reason);
        if (!fits(gap)) {
            shut();
            return false;
        }
        append(gap, now);
        return true;
    }

    private boolean rememberGap(RoutingKey key) {
        if (this.gaps == null) {
            this.gaps = new HashSet<>(4);
        }
        return this.gaps.add(key);
    }

    private int pendingGaps() {
        return this.gaps == null ? 0 : this.gaps.size();
    }

    private void sentGap(Frame gap) {
        if (this.gaps != null) {
            this.gaps.remove(gap.key());
        }
    }

    private void append(Frame frame, long now) {
        this.count++;
        this.bytes += frame.size();
        if (this.held != null && frame.key() != null) {
            List<Frame> waiting = this.held.get(frame.key());
            if (waiting != null) {
                waiting.add(frame);
                return;
            }
        }
        push(frame, now);
    }

    private void push(Frame frame, long now) {
        if (this.tail - this.head == this.ring.length) {
            makeRoom();
        }
        this.ring[slot(this.tail)] = frame;
        this.since[slot(this.tail)] = now;
        Object coalescing = frame.coalescing();
        if (coalescing != null) {
            if (this.slots == null) {
                this.slots = new HashMap<>(4);
            }
            this.slots.put(coalescing, this.tail);
        }
        this.tail++;
    }

    private void forgetSlot(Frame frame, long n) {
        Object coalescing = frame.coalescing();
        if (coalescing != null && this.slots != null) {
            this.slots.remove(coalescing, n);
        }
    }

    private List<Frame> take(int maxBytes) {
        if (this.head == this.tail) {
            return List.of();
        }
        List<Frame> batch = new ArrayList<>((int) Math.min(this.tail - this.head, 256));
        long size = 0;
        long oldest = 0;
        while (this.head < this.tail) {
            int slot = slot(this.head);
            Frame frame = this.ring[slot];
            if (frame != null) {
                if (!batch.isEmpty() && size + frame.size() > maxBytes) {
                    break;
                }
                if (batch.isEmpty()) {
                    oldest = this.since[slot];
                }
                batch.add(frame);
                size += frame.size();
                this.ring[slot] = null;
                forgetSlot(frame, this.head);
                if (frame.isGap()) {
                    sentGap(frame);
                }
            }
            this.head++;
        }
        long now = this.ticker.nanos();
        this.count -= batch.size();
        this.bytes -= size;
        this.inFlight = batch.size();
        this.inFlightBytes = size;
        this.inFlightSince = now;
        this.inFlightWaited = now - oldest;
        return batch;
    }

    /** @return {@link #WAKE} if the transport has to be told */
    private int wakeUp() {
        if (this.ready || this.head == this.tail || this.state == State.CLOSED) {
            return 0;
        }
        this.ready = true;
        return WAKE;
    }

    private void shut() {
        this.state = State.CLOSED;
        this.ring = new Frame[SMALLEST];
        this.since = new long[SMALLEST];
        this.head = this.tail;
        this.count = 0;
        this.bytes = 0;
        this.slots = null;
        this.gaps = null;
        this.held = null;
    }

    private void act(int effects, OverflowPolicy policy, @Nullable Delivery delivery, GapReason reason) {
        if ((effects & OVERFLOWED) != 0) {
            this.owner.overflowed(policy, delivery);
        }
        if ((effects & GAP) != 0) {
            this.owner.gapDeclared(reason);
        }
        if ((effects & WAKE) != 0) {
            this.owner.ready(this, false);
        }
        if ((effects & CLOSE) != 0) {
            this.owner.tooSlow();
        }
    }

    private int slot(long n) {
        return (int) n & (this.ring.length - 1);
    }

    /** Closes up over emptied slots where that is enough, so that dropping does not grow the ring; else doubles it. */
    private void makeRoom() {
        int live = 0;
        for (Frame frame : this.ring) {
            live += frame == null ? 0 : 1;
        }
        if (live > this.ring.length / 2) {
            resize(this.ring.length * 2);
            return;
        }
        @Nullable Frame[] frames = new Frame[this.ring.length];
        long[] times = new long[this.ring.length];
        long to = this.head;
        for (long n = this.head; n < this.tail; n++) {
            Frame frame = this.ring[slot(n)];
            if (frame != null) {
                frames[slot(to)] = frame;
                times[slot(to)] = this.since[slot(n)];
                if (frame.coalescing() != null && this.slots != null && this.slots.remove(frame.coalescing(), n)) {
                    this.slots.put(frame.coalescing(), to);
                }
                to++;
            }
        }
        this.tail = to;
        this.ring = frames;
        this.since = times;
    }

    private void shrink() {
        if (this.ring.length > LARGEST_KEPT) {
            resize(SMALLEST);
        }
    }

    private void resize(int capacity) {
        @Nullable Frame[] frames = new Frame[capacity];
        long[] times = new long[capacity];
        for (long n = this.head; n < this.tail; n++) {
            int to = (int) n & (capacity - 1);
            frames[to] = this.ring[slot(n)];
            times[to] = this.since[slot(n)];
        }
        this.ring = frames;
        this.since = times;
    }

    /** For tests: how many frames fit without growing. */
    synchronized int capacity() {
        return this.ring.length;
    }

    /** For tests: what the invariants say is wrong, empty if nothing is. */
    synchronized List<String> inconsistencies() {
        List<String> found = new ArrayList<>();
        int frames = 0;
        long size = 0;
        Set<RoutingKey> gapsSeen = new HashSet<>();
        List<Frame> all = new ArrayList<>();
        for (long n = this.head; n < this.tail; n++) {
            Frame frame = this.ring[slot(n)];
            if (frame != null) {
                all.add(frame);
            }
        }
        if (this.held != null) {
            this.held.values().forEach(all::addAll);
        }
        for (Frame frame : all) {
            frames++;
            size += frame.size();
            if (frame.isGap() && !gapsSeen.add(Objects.requireNonNull(frame.key()))) {
                found.add("two gaps of " + frame.key());
            }
        }
        if (frames != this.count || size != this.bytes) {
            found.add("counts " + this.count + " frames, " + this.bytes + " bytes, holds " + frames + ", " + size);
        }
        if (this.gaps != null && !this.gaps.equals(gapsSeen)) {
            found.add("remembers gaps " + this.gaps + ", holds " + gapsSeen);
        }
        if (!this.ready && this.head < this.tail && this.state == State.OPEN) {
            found.add("frames wait and nobody was told");
        }
        if (this.bytes + this.inFlightBytes > this.limits.maxBytes() + this.limits.reserveBytes()
                || this.count > this.limits.maxMessages() + QueueLimits.RESERVE_MESSAGES) {
            found.add("over the bounds: " + this.count + " frames, " + this.bytes + " bytes");
        }
        return found;
    }
}
