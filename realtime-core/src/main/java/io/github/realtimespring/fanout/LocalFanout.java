package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.registry.Membership;
import io.github.realtimespring.registry.RoomRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The single entry to this node's members, whatever an event's origin (SPEC §3): snapshot the members, encode the shared
 * payload once, fill each member's queue, count what became of it.
 *
 * <p>Events of one key reach every queue in the order of {@link #deliver}. Members are written to by their transports;
 * nothing here waits for one.
 *
 * @since 0.1.0
 */
public final class LocalFanout implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(LocalFanout.class);

    /** How many recipients are handled between two looks at the clock. */
    private static final int CLOCK_INTERVAL = 32;

    /**
     * A pass over up to as many members writes by itself what can be written without waiting, while nothing else is to be
     * done. A larger one leaves that to the transports' threads, unless there is no processor they could run on meanwhile;
     * so does any when passes wait, because then they fill the queues with more than one event for each write.
     */
    private static final int SMALL = 64;

    /**
     * Up to as many members, and bytes for all of them, are given an event by the thread that brings it, if that has
     * {@linkplain #delivering said so}: less work than to wake another one.
     */
    private static final int FEW = 8;

    private static final int FEW_BYTES = 64 << 10;

    private static final boolean ONE_PROCESSOR = Runtime.getRuntime().availableProcessors() == 1;

    private final RoomRegistry rooms;
    private final EventEncoder encoder;
    private final @Nullable RecipientCustomizer customizer;
    private final FanoutSettings settings;
    private final FanoutListener listener;
    private final Ticker ticker;
    private final FanoutScheduler scheduler;
    private final ThreadLocal<Hand> hands = ThreadLocal.withInitial(Hand::new);

    public LocalFanout(
            RoomRegistry rooms,
            EventEncoder encoder,
            @Nullable RecipientCustomizer customizer,
            FanoutSettings settings,
            FanoutListener listener,
            Ticker ticker) {
        this.rooms = rooms;
        this.encoder = encoder;
        this.customizer = customizer;
        this.settings = settings;
        this.listener = listener;
        this.ticker = ticker;
        this.scheduler = new FanoutScheduler(settings, listener, ticker);
    }

    /** Starts the threads that deliver. */
    public void start() {
        this.scheduler.start();
    }

    /**
     * Takes an event for delivery and returns before anybody got it. The stage completes when the pass is over, on a
     * fanout thread or on one that {@linkplain #delivering delivers by itself}; it never fails.
     *
     * @throws FanoutBacklogFullException if too much waits already
     * @throws RuntimeException what the encoder threw; in both cases nobody received the event
     */
    public CompletionStage<FanoutReceipt> deliver(Event event, FanoutListener.Origin origin) {
        return deliver(event, origin, Map.of());
    }

    /**
     * The same for an event that the backplane brought.
     *
     * @param trace what came with it for {@link FanoutListener#started(Event, FanoutListener.Origin, Map)}
     */
    public CompletionStage<FanoutReceipt> deliver(
            Event event, FanoutListener.Origin origin, Map<String, String> trace) {
        CompletableFuture<FanoutReceipt> receipt = new CompletableFuture<>();
        deliver(event, origin, trace, receipt::complete);
        return receipt;
    }

    /**
     * The same for a caller that may hold a lock.
     *
     * @param over called when the pass is over, never on the stack of this call; dependents of a stage would run there if
     *     the pass were over before they are added
     */
    void deliver(Event event, FanoutListener.Origin origin, Map<String, String> trace, Consumer<FanoutReceipt> over) {
        Pass pass = new Pass(event, origin, trace, over);
        Hand hand = this.hands.get();
        if (hand.isFree() && isFew(event, pass)) {
            hand.held = this.scheduler.hold(pass);
            hand.scheduler = this.scheduler;
        } else {
            this.scheduler.submit(pass);
        }
    }

    /** What an application brings to customize events may take its time, and locks: that is for the fanout's threads. */
    private boolean isFew(Event event, Pass pass) {
        int members = this.rooms.size(event.key());
        return members <= FEW && members * pass.bytes() <= FEW_BYTES && this.customizer == null;
    }

    /**
     * Offers the calling thread for the delivery of what it brings until the result is closed, on the same thread. If
     * nothing else waits, and the event is for few members, it is delivered then. The caller holds no lock when it opens
     * and when it closes, and does nothing in between that takes long.
     */
    public BackplaneListener.Delivering delivering() {
        Hand hand = this.hands.get();
        if (hand.open || hand.delivers) {
            return BackplaneListener.Delivering.NOTHING;
        }
        hand.open = true;
        return hand;
    }

    /** What a thread has taken on itself. Used by that thread; it holds nothing of the fanout when it has nothing in hand. */
    private static final class Hand implements BackplaneListener.Delivering {

        private boolean open;
        private FanoutScheduler.@Nullable Lane held;
        private @Nullable FanoutScheduler scheduler;
        /** What is published by whoever hears of a delivery is not delivered inside of it. */
        private boolean delivers;

        private boolean isFree() {
            return this.open && this.held == null;
        }

        @Override
        public void close() {
            FanoutScheduler.Lane lane = this.held;
            FanoutScheduler scheduler = this.scheduler;
            this.open = false;
            this.held = null;
            this.scheduler = null;
            if (lane != null && scheduler != null) {
                this.delivers = true;
                try {
                    scheduler.run(lane);
                } finally {
                    this.delivers = false;
                }
            }
        }
    }

    /**
     * Declares to the members of a key that events of it were lost, behind every event that was taken for delivery
     * before.
     */
    public void gap(RoutingKey key, GapReason reason) {
        try {
            this.scheduler.submit(new GapPass(key, reason));
        } catch (FanoutBacklogFullException full) {
            // In a wrong place is better than not at all.
            this.rooms.members(key).forEach(member -> declare(member, reason));
        }
    }

    /** Whether the key has members at this moment. */
    public boolean hasMembers(RoutingKey key) {
        return this.rooms.size(key) > 0;
    }

    private static void declare(Membership member, GapReason reason) {
        Connection connection = member.connection();
        if (connection != null && member.isCurrent()) {
            connection.gap(member.key(), reason);
        }
    }

    /** Passes that wait or run. */
    public int pending() {
        return this.scheduler.pending();
    }

    @Override
    public void close() {
        this.scheduler.close();
    }

    /** One gap on its way to the members of a key. Used by one thread at a time. */
    private final class GapPass implements FanoutScheduler.Work {

        private final RoutingKey key;
        private final GapReason reason;
        private @Nullable List<Membership> members;
        private int next;

        GapPass(RoutingKey key, GapReason reason) {
            this.key = key;
            this.reason = reason;
        }

        @Override
        public RoutingKey key() {
            return this.key;
        }

        @Override
        public int bytes() {
            return 0;
        }

        @Override
        public boolean isDone() {
            return this.members != null && this.next >= this.members.size();
        }

        @Override
        public int turn(int maxRecipients, long deadline) {
            List<Membership> members = this.members;
            if (members == null) {
                members = LocalFanout.this.rooms.members(this.key);
                this.members = members;
            }
            int end = Math.min(members.size(), this.next + maxRecipients);
            int handled = end - this.next;
            while (this.next < end) {
                declare(members.get(this.next++), this.reason);
            }
            return handled;
        }

        @Override
        public void end() {}
    }

    /** One event on its way to the members of its key. Used by one thread at a time. */
    private final class Pass implements FanoutScheduler.Work {

        private final Event event;
        private final FanoutListener.Origin origin;
        private final Map<String, String> trace;
        private final long submitted;
        private final Consumer<FanoutReceipt> over;
        private final Frame shared;
        private final @Nullable Variants variants;
        private FanoutListener.@Nullable Pass listening;
        private @Nullable List<Membership> members;
        private boolean writes;
        private int next;
        private int excluded;
        private int accepted;
        private int coalesced;
        private int dropped;
        private int closed;
        private int stale;
        private int cleaned;
        private int chunks;
        private long bytes;

        Pass(Event event, FanoutListener.Origin origin, Map<String, String> trace, Consumer<FanoutReceipt> over) {
            this.event = event;
            this.origin = origin;
            this.trace = trace;
            this.over = over;
            this.submitted = LocalFanout.this.ticker.nanos();
            this.shared = Frame.event(LocalFanout.this.encoder.encode(event, WireFormat.JSON_V1), event);
            // The frames of presence build on each other: they are the same for everybody.
            this.variants = event.key().kind() == RoutingKey.Kind.PRESENCE
                    ? null
                    : Variants.of(event, LocalFanout.this.encoder, LocalFanout.this.customizer);
        }

        @Override
        public RoutingKey key() {
            return this.event.key();
        }

        @Override
        public int bytes() {
            return this.shared.size();
        }

        @Override
        public boolean isDone() {
            return this.members != null && this.next >= this.members.size();
        }

        @Override
        public int turn(int maxRecipients, long deadline) {
            List<Membership> members = this.members;
            if (members == null) {
                members = LocalFanout.this.rooms.members(key());
                this.members = members;
                this.listening = LocalFanout.this.listener.started(this.event, this.origin, this.trace);
            }
            this.chunks++;
            int handled = 0;
            int size = members.size();
            boolean alone = ONE_PROCESSOR || size <= SMALL;
            this.writes = alone && LocalFanout.this.scheduler.idle();
            while (this.next < size && handled < maxRecipients) {
                Membership member = members.get(this.next++);
                handled++;
                deliverTo(member);
                if (handled % CLOCK_INTERVAL == 0) {
                    if (LocalFanout.this.ticker.nanos() - deadline >= 0) {
                        break;
                    }
                    this.writes = alone && LocalFanout.this.scheduler.idle();
                }
            }
            return handled;
        }

        private void deliverTo(Membership member) {
            if (!this.event.except().isEmpty() && this.event.except().contains(member.connectionId())) {
                this.excluded++;
                return;
            }
            if (LocalFanout.this.settings.cutoff() == MembershipCutoff.RECHECK && !member.isCurrent()) {
                this.stale++;
                return;
            }
            Connection connection = member.connection();
            if (connection == null) {
                this.stale++;
                if (LocalFanout.this
                        .rooms
                        .leave(member.key(), member.connectionId())
                        .left()) {
                    this.cleaned++;
                }
                return;
            }
            Frame frame = this.shared;
            if (this.variants != null) {
                frame = this.variants.choose(connection, frame);
                if (frame == Variants.SKIPPED) {
                    this.excluded++;
                    return;
                }
                if (frame == Variants.FAILED) {
                    this.dropped++;
                    connection.gap(key(), GapReason.OVERFLOW);
                    return;
                }
            }
            count(this.writes ? connection.sendNow(frame) : connection.send(frame), frame);
        }

        private void count(Outcome outcome, Frame frame) {
            switch (outcome) {
                case ACCEPTED -> {
                    this.accepted++;
                    this.bytes += frame.size();
                }
                case COALESCED -> {
                    this.coalesced++;
                    this.bytes += frame.size();
                }
                case DROPPED -> this.dropped++;
                case CLOSED -> this.closed++;
                case STALE -> this.stale++;
            }
        }

        @Override
        public void end() {
            int before = this.members == null ? 0 : this.members.size();
            // A pass that was cut short, by a failure or a close, did not reach the rest.
            int missed =
                    before - this.excluded - this.accepted - this.coalesced - this.dropped - this.closed - this.stale;
            FanoutReceipt receipt = new FanoutReceipt(
                    key(),
                    before,
                    LocalFanout.this.rooms.size(key()),
                    this.excluded,
                    this.accepted,
                    this.coalesced,
                    this.dropped + missed,
                    this.closed,
                    this.stale,
                    this.bytes,
                    Duration.ofNanos(LocalFanout.this.ticker.nanos() - this.submitted),
                    this.chunks);
            try {
                if (this.listening != null) {
                    this.listening.finished(receipt);
                }
                if (this.cleaned > 0) {
                    LocalFanout.this.listener.cleaned(this.cleaned);
                }
                logger.debug("{}", receipt);
            } finally {
                this.over.accept(receipt);
            }
        }
    }
}
