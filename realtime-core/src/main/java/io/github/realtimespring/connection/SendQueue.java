package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What waits for one client: bounded by bytes, count and age, checked before the push (SPEC §4).
 *
 * <p>Frames leave in the order in which they came, with four exceptions that the specification wants: a coalesced value
 * takes the place of the older one, a {@code gap} stands where the hole is, events of a room that is still being joined
 * wait until {@link #release}, and events of a room's stream that did not fit, or came while the room was joined, are not
 * kept at all: the room pauses, and its next events are asked for from the history, in order, whenever there is room for
 * them. They fill the queue half at most; the other half is for what no history has.
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
 *   <li>while a room is behind and not being joined, and there is room for its events, a question is open, unless the
 *       last answer was that they cannot be had now. No event of a room that is behind is queued but from an answer.
 * </ul>
 *
 * @since 0.1.0
 */
public final class SendQueue {

    /** What has to happen once the monitor is free. */
    private static final int WAKE = 1;

    private static final int OVERFLOWED = 2;
    private static final int GAP = 4;
    private static final int CLOSE = 8;

    /** With {@link #WAKE}: on this thread, if the transport can. */
    private static final int NOW = 16;

    /**
     * In flight for so long, a write waits for the peer: the socket is full, or it would have taken the bytes at once. Longer
     * than a server needs that has other connections to write to first.
     */
    private static final long WAITS_FOR_PEER = TimeUnit.MILLISECONDS.toNanos(100);

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

        void wants(Pull pull);
    }

    private final QueueLimits limits;
    private final ControlFrames control;
    private final Ticker ticker;
    private final Owner owner;

    private final FrameRing ring = new FrameRing();
    private int count;
    private long bytes;
    private int inFlight;
    private long inFlightBytes;
    private long inFlightSince;
    private long inFlightWaited;
    /** A visit has seen that the write in flight waits for the peer. */
    private boolean awaitsPeer;
    /** When the peer last took something that had waited for it. */
    private long taken;

    private boolean ready;
    private State state = State.OPEN;
    private long finishingSince;
    private long dropped;
    private @Nullable Set<RoutingKey> gaps;
    private Map<RoutingKey, List<Frame>> held = Collections.emptyMap();
    private @Nullable CatchUps catchUps;

    SendQueue(QueueLimits limits, ControlFrames control, Ticker ticker, Owner owner) {
        this.limits = limits;
        this.control = control;
        this.ticker = ticker;
        this.owner = owner;
        this.taken = ticker.nanos();
    }

    /** Takes a frame, or answers why not. */
    Outcome offer(Frame frame) {
        return offer(frame, false);
    }

    /** @param here whether the transport may drain on this thread */
    Outcome offer(Frame frame, boolean here) {
        Outcome outcome;
        int effects = 0;
        Pull pull = null;
        OverflowPolicy policy = policyOf(frame);
        synchronized (this) {
            if (this.state != State.OPEN) {
                return Outcome.CLOSED;
            }
            int before = pendingGaps();
            long now = this.ticker.nanos();
            if (coalesce(frame, now)) {
                outcome = Outcome.COALESCED;
            } else if (fits(frame) && !(pauses(frame) && isOverdue(now))) {
                if (!isCovered(frame)) {
                    append(frame, now);
                }
                outcome = Outcome.ACCEPTED;
            } else if (policy == OverflowPolicy.PAUSE && isCovered(frame)) {
                outcome = Outcome.ACCEPTED;
            } else {
                outcome = overflow(frame, policy, now);
                effects = outcome == Outcome.CLOSED ? OVERFLOWED | CLOSE : OVERFLOWED;
                pull = nextPull();
            }
            if (pendingGaps() > before) {
                effects |= GAP;
            }
            effects |= wakeUp();
        }
        if (effects != 0) {
            act(here ? effects | NOW : effects, policy, frame.delivery(), GapReason.OVERFLOW);
        }
        ask(pull);
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

    /**
     * From now on events and gaps of {@code key} wait for {@link #release}; they count in the bounds. Those of the room's
     * stream do not wait here: the history has them.
     */
    synchronized void hold(RoutingKey key) {
        if (this.held.isEmpty()) {
            this.held = new HashMap<>(4);
        }
        this.held.putIfAbsent(key, new ArrayList<>(2));
        if (this.catchUps != null) {
            this.catchUps.withdraw(key);
        }
    }

    /**
     * Queues {@code first}, if there is one, then everything of {@code key} that was held, then what the history has.
     *
     * @param continuation from where on; {@code null} to go on where the connection was
     */
    void release(RoutingKey key, @Nullable Frame first, @Nullable Continuation continuation) {
        int effects;
        GapReason reason = GapReason.OVERFLOW;
        Pull pull;
        synchronized (this) {
            List<Frame> waiting = this.held.remove(key);
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
                if (continuation != null) {
                    catchUps().start(key, continuation);
                    if (continuation.gap() != null) {
                        reason = continuation.gap();
                        effects = declareGap(key, reason, now) ? GAP : 0;
                    }
                }
                if (waiting != null && this.state == State.OPEN) {
                    for (Frame frame : waiting) {
                        this.ring.push(frame, now);
                    }
                }
            } else {
                shut();
            }
            if (this.state == State.CLOSED) {
                effects = OVERFLOWED | CLOSE;
            }
            pull = nextPull();
            effects |= wakeUp();
        }
        act(effects, OverflowPolicy.CLOSE, null, reason);
        ask(pull);
    }

    /** Forgets what was held for {@code key}, and how far it was: the connection is no member. */
    synchronized void discard(RoutingKey key) {
        forget(this.held.remove(key));
        if (this.catchUps != null) {
            this.catchUps.forget(key);
        }
    }

    /**
     * An answer to {@link Owner#wants}: takes what there is room for.
     *
     * @param hole why the events that lead to {@code end}, beyond the frames, are not among them; {@code null} if they are
     */
    void replayed(Pull pull, List<Frame> frames, Cursor end, @Nullable GapReason hole) {
        int effects = 0;
        GapReason reason = hole == null ? GapReason.OVERFLOW : hole;
        Pull next;
        synchronized (this) {
            if (this.state != State.OPEN || this.catchUps == null || !this.catchUps.answered(pull)) {
                return;
            }
            CatchUp room = pull.room();
            int before = pendingGaps();
            long now = this.ticker.nanos();
            boolean all = true;
            for (Frame frame : frames) {
                if (hasRoomFor(frame)) {
                    this.count++;
                    this.bytes += frame.size();
                    this.ring.push(frame, now);
                } else if (this.count == 0 && this.inFlight == 0) {
                    // Larger than the whole queue may be: it can never be sent.
                    this.dropped++;
                    effects |= OVERFLOWED;
                    declareGap(pull.key(), GapReason.OVERFLOW, now);
                } else {
                    all = false;
                }
                if (!all || this.state == State.CLOSED) {
                    break;
                }
                room.moveTo(Objects.requireNonNull(frame.cursor()));
            }
            if (all && this.state == State.OPEN) {
                if (hole == null && end.equals(pull.after())) {
                    // The history does not know of the event that came: its stream began anew since.
                    reason = GapReason.HISTORY;
                    declareGap(pull.key(), reason, now);
                    room.giveUp();
                } else {
                    if (hole != null) {
                        declareGap(pull.key(), hole, now);
                    }
                    room.moveTo(end);
                }
            }
            if (this.state == State.CLOSED) {
                effects |= CLOSE;
            } else if (pendingGaps() > before) {
                effects |= GAP;
            }
            // What did not fit is asked for when something was written.
            next = all ? nextPull() : null;
            effects |= wakeUp();
        }
        act(effects, OverflowPolicy.PAUSE, null, reason);
        ask(next);
    }

    /** An answer to {@link Owner#wants}: not now. Asked again when something was written, or time went by. */
    synchronized void failed(Pull pull) {
        if (this.catchUps != null) {
            this.catchUps.failed(pull);
        }
    }

    /** An answer to {@link Owner#wants}: the connection is no member any more. */
    synchronized void notWanted(Pull pull) {
        if (this.catchUps != null && this.catchUps.answered(pull)) {
            this.catchUps.forget(pull.key());
        }
    }

    /** Whether the history has the event for this connection, or had it. */
    private boolean isCovered(Frame frame) {
        if (frame.cursor() == null) {
            return false;
        }
        boolean joining = this.held.containsKey(Objects.requireNonNull(frame.key()));
        return (joining || this.catchUps != null) && catchUps().covers(frame, joining);
    }

    private CatchUps catchUps() {
        if (this.catchUps == null) {
            this.catchUps = new CatchUps();
        }
        return this.catchUps;
    }

    /** What to ask for now, if a room is behind and there is room for its events. */
    private @Nullable Pull nextPull() {
        if (this.catchUps == null || this.state != State.OPEN) {
            return null;
        }
        boolean room = this.count == 0
                || this.count <= this.limits.maxMessages() / 4
                        && this.bytes + this.inFlightBytes <= this.limits.maxBytes() / 4
                        && !isOverdue(this.ticker.nanos());
        return room
                ? this.catchUps.ask(this, Math.max(1, this.limits.maxMessages() / 2 - this.count), this.held)
                : null;
    }

    private void ask(@Nullable Pull pull) {
        if (pull != null) {
            this.owner.wants(pull);
        }
    }

    /** Half of the queue is for catching up; one frame may always take what an empty queue has. */
    private boolean hasRoomFor(Frame frame) {
        if (this.count == 0 && fits(frame)) {
            return true;
        }
        return this.count < this.limits.maxMessages() / 2
                && this.bytes + this.inFlightBytes + frame.size() <= this.limits.maxBytes() / 2;
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
                this.ring.shrink();
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
        Pull pull;
        synchronized (this) {
            frames = this.inFlight;
            size = this.inFlightBytes;
            waited = this.inFlightWaited;
            this.inFlight = 0;
            this.inFlightBytes = 0;
            if (this.awaitsPeer) {
                this.awaitsPeer = false;
                this.taken = this.ticker.nanos();
            }
            pull = nextPull();
        }
        if (frames > 0) {
            this.owner.flushed(frames, size, waited);
        }
        ask(pull);
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
     * Applies the limits of time. Late events are dropped as their class says, or stay while their room pauses; a write or
     * a close that takes longer than the send timeout, and late frames that must not be dropped, end the connection.
     */
    void expire(long now) {
        int effects = 0;
        OverflowPolicy policy = OverflowPolicy.CLOSE;
        Delivery delivery = null;
        Pull pull;
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
                this.awaitsPeer |= this.inFlight > 0 && now - this.inFlightSince >= WAITS_FOR_PEER;
                int before = pendingGaps();
                long maxAge = this.limits.maxAge().toNanos();
                for (long n = this.ring.head(); n < this.ring.tail() && now - this.ring.since(n) > maxAge; n++) {
                    Frame frame = this.ring.at(n);
                    if (frame == null || frame.isGap() || pauses(frame)) {
                        // Of a room's stream nothing is skipped: it stays, and the room pauses behind it. What was late
                        // and not of a stream has become a gap, which waits with it.
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
            pull = nextPull();
        }
        act(effects, policy, delivery, GapReason.OVERFLOW);
        ask(pull);
    }

    /** Gives a write in flight its whole allowance again: time went by in which nobody here could run. */
    synchronized void restartAllowance(long now) {
        this.inFlightSince = now;
        this.finishingSince = now;
        this.ring.restart(now);
    }

    /**
     * When the peer last gave a sign of life by reading: a write that had waited for it was completed, as {@link #expire}
     * and then {@link #written} saw it. That a socket takes bytes at once says nothing about who is at its other end. The
     * time of the queue's making, if there was none.
     */
    synchronized long takenNanos() {
        return this.taken;
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
        return waited(this.ticker.nanos());
    }

    /** Whether the queue is full for a room's stream by age, however much room there is. */
    private boolean isOverdue(long now) {
        return waited(now) > this.limits.maxAge().toNanos();
    }

    private long waited(long now) {
        for (long n = this.ring.head(); n < this.ring.tail(); n++) {
            if (this.ring.at(n) != null) {
                return now - this.ring.since(n);
            }
        }
        return 0;
    }

    /** Whether the frame's room pauses rather than lose it: it is in the room's stream. */
    private static boolean pauses(Frame frame) {
        return frame.overflow() == OverflowPolicy.PAUSE && frame.cursor() != null;
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
        long place = coalescing == null ? -1 : this.ring.find(coalescing);
        if (place < 0) {
            return false;
        }
        int growth = frame.size() - Objects.requireNonNull(this.ring.at(place)).size();
        if (growth > 0 && this.bytes + this.inFlightBytes + growth > this.limits.maxBytes()) {
            return false;
        }
        this.ring.put(place, frame, now);
        this.bytes += growth;
        return true;
    }

    private Outcome overflow(Frame frame, OverflowPolicy policy, long now) {
        switch (policy) {
            case DROP_NEWEST, COALESCE -> {
                return dropNewest(frame, now);
            }
            case DROP_OLDEST -> {
                for (long n = this.ring.head(); n < this.ring.tail() && !fits(frame); n++) {
                    Frame older = this.ring.at(n);
                    if (older != null && older.isEvent() && mayDrop(older)) {
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
            case PAUSE -> {
                Cursor cursor = frame.cursor();
                if (cursor == null) {
                    // It was published without the backplane: no history has it.
                    return dropNewest(frame, now);
                }
                catchUps().pause(Objects.requireNonNull(frame.key()), cursor);
                return Outcome.ACCEPTED;
            }
            default -> {
                shut();
                return Outcome.CLOSED;
            }
        }
    }

    private boolean mayDrop(Frame frame) {
        OverflowPolicy policy = policyOf(frame);
        return policy != OverflowPolicy.CLOSE && policy != OverflowPolicy.PAUSE;
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
        this.ring.empty(n, frame);
        this.count--;
        this.bytes -= frame.size();
        this.dropped++;
        RoutingKey key = frame.key();
        if (frame.declaresLoss() && key != null && rememberGap(key)) {
            Frame gap = this.control.gap(key, GapReason.OVERFLOW);
            this.ring.put(n, gap, now);
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
        List<Frame> waiting = this.held.isEmpty() || frame.key() == null ? null : this.held.get(frame.key());
        if (waiting != null) {
            waiting.add(frame);
        } else {
            this.ring.push(frame, now);
        }
    }

    private List<Frame> take(int maxBytes) {
        if (this.ring.isEmpty()) {
            return List.of();
        }
        List<Frame> batch = new ArrayList<>((int) Math.min(this.ring.tail() - this.ring.head(), 256));
        long size = 0;
        long oldest = 0;
        while (!this.ring.isEmpty()) {
            long first = this.ring.head();
            Frame frame = this.ring.at(first);
            if (frame != null) {
                if (!batch.isEmpty() && size + frame.size() > maxBytes) {
                    break;
                }
                if (batch.isEmpty()) {
                    oldest = this.ring.since(first);
                }
                batch.add(frame);
                size += frame.size();
                this.ring.empty(first, frame);
                if (frame.isGap()) {
                    sentGap(frame);
                }
            }
            this.ring.advance();
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
        if (this.ready || this.ring.isEmpty() || this.state == State.CLOSED) {
            return 0;
        }
        this.ready = true;
        return WAKE;
    }

    private void shut() {
        this.state = State.CLOSED;
        this.ring.clear();
        this.count = 0;
        this.bytes = 0;
        this.gaps = null;
        this.held = Collections.emptyMap();
        this.catchUps = null;
    }

    private void act(int effects, OverflowPolicy policy, @Nullable Delivery delivery, GapReason reason) {
        if ((effects & OVERFLOWED) != 0) {
            this.owner.overflowed(policy, delivery);
        }
        if ((effects & GAP) != 0) {
            this.owner.gapDeclared(reason);
        }
        if ((effects & WAKE) != 0) {
            this.owner.ready(this, (effects & NOW) != 0);
        }
        if ((effects & CLOSE) != 0) {
            this.owner.tooSlow();
        }
    }

    /** For tests: how many frames fit without growing. */
    synchronized int capacity() {
        return this.ring.capacity();
    }

    /** For tests: what the invariants say is wrong, empty if nothing is. */
    synchronized List<String> inconsistencies() {
        List<String> found = new ArrayList<>();
        int frames = 0;
        long size = 0;
        Set<RoutingKey> gapsSeen = new HashSet<>();
        List<Frame> all = new ArrayList<>();
        for (long n = this.ring.head(); n < this.ring.tail(); n++) {
            Frame frame = this.ring.at(n);
            if (frame != null) {
                all.add(frame);
            }
        }
        this.held.values().forEach(all::addAll);
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
        if (!this.ready && !this.ring.isEmpty() && this.state == State.OPEN) {
            found.add("frames wait and nobody was told");
        }
        if (this.count == 0
                && this.inFlight == 0
                && this.catchUps != null
                && this.catchUps.isBehind(this.held)
                && !this.catchUps.isAsking()
                && !this.catchUps.hasFailed()) {
            found.add("a room is behind and nobody was asked");
        }
        if (this.bytes + this.inFlightBytes > this.limits.maxBytes() + this.limits.reserveBytes()
                || this.count > this.limits.maxMessages() + QueueLimits.RESERVE_MESSAGES) {
            found.add("over the bounds: " + this.count + " frames, " + this.bytes + " bytes");
        }
        return found;
    }
}
