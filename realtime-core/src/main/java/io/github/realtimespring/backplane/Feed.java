package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What arrives for one key that this node has subscribed, put into its order (SPEC §6): events without a stream by the
 * sequences of their origins, events of the stream by its offsets. What is missing before an event is declared as a loss
 * in the first case; in the second the key is behind, and everything up to {@code target} is read from the store before
 * live events go on.
 *
 * <h2>Concurrency</h2>
 *
 * Guarded by its monitor, which is held while the listener takes an event, so that places and deliveries have one order.
 * Under it are only the listener's locks. The broker is never called with it held.
 */
final class Feed {

    private static final Logger logger = LoggerFactory.getLogger(Feed.class);

    private final RoutingKey key;
    private final BackplaneListener listener;
    private final BackplaneObserver observer;
    /** By origin: how far its sequences are. */
    private final Map<String, Counter> origins = new HashMap<>(2);
    /** The last event of the stream that was delivered, or need not be; {@code null} until the stream's head is known. */
    private @Nullable Cursor position;
    /** The last event of the stream that is known to be there. */
    private @Nullable Cursor target;
    /** Whether the store is to be asked even if nothing is known to be missing. */
    private boolean unsure;

    private boolean reading;
    private boolean over;
    /** {@code null} until there is such an event. */
    private @Nullable Returns returns;

    private record Counter(long run, long sequence) {}

    Feed(RoutingKey key, BackplaneListener listener, BackplaneObserver observer) {
        this.key = key;
        this.listener = listener;
        this.observer = observer;
    }

    RoutingKey key() {
        return this.key;
    }

    /** An event without a stream, of another node. */
    synchronized Received sent(Envelope envelope) {
        Counter counter = this.origins.get(envelope.origin());
        if (counter != null && counter.run() == envelope.run()) {
            if (envelope.sequence() <= counter.sequence()) {
                return known(envelope) ? Received.DUPLICATE : Received.LATE;
            }
            long missing = envelope.sequence() - counter.sequence() - 1;
            if (missing > 0) {
                lost(missing);
            }
        } else if (counter != null) {
            if (envelope.run() < counter.run()) {
                return known(envelope) ? Received.DUPLICATE : Received.LATE;
            }
            if (envelope.sequence() > 1) {
                lost(envelope.sequence() - 1);
            }
        }
        this.origins.put(envelope.origin(), new Counter(envelope.run(), envelope.sequence()));
        Received result = deliver(envelope);
        if (result == null) {
            lost(1);
            return Received.REFUSED;
        }
        return result;
    }

    /** An own event without a stream is about to be sent, and members here get it when it comes back. */
    synchronized void sending(long run, long sequence) {
        if (this.returns == null) {
            this.returns = new Returns();
        }
        declare(this.returns.sent(run, sequence));
    }

    /** It was not sent after all. */
    synchronized void notSent(long run, long sequence) {
        if (this.returns != null) {
            this.returns.notSent(run, sequence);
        }
    }

    /** An own event without a stream comes back. */
    synchronized Received returned(Envelope envelope) {
        Returns.Arrival arrival = Returns.Arrival.UNKNOWN;
        if (this.returns != null) {
            arrival = this.returns.came(envelope.run(), envelope.sequence());
            if (arrival == Returns.Arrival.LATE) {
                return Received.LATE;
            }
            if (arrival == Returns.Arrival.EXPECTED) {
                declare(this.returns.passed(envelope.run(), envelope.sequence()));
            }
        }
        Received result = deliver(envelope);
        if (result == null) {
            if (arrival == Returns.Arrival.EXPECTED) {
                lost(1);
            }
            return Received.REFUSED;
        }
        return result;
    }

    /** An own beacon came back: what was sent before it has come by now, or never will. */
    synchronized void toldOfOwn(Beacon.Position told) {
        if (this.returns != null) {
            declare(this.returns.passed(told.run(), told.sequence()));
        }
    }

    private void declare(int lost) {
        if (lost > 0) {
            lost(lost);
        }
    }

    /**
     * An event of the stream.
     *
     * @param previous the stream has none between this offset and the event's
     */
    synchronized Received recorded(Envelope envelope, Cursor cursor, long previous) {
        Cursor position = this.position;
        if (position == null) {
            // The head is being asked for, and is at this event or behind it: the event is read then.
            aim(cursor);
            return Received.BEHIND;
        }
        if (!position.epoch().equals(cursor.epoch())) {
            position = anew(position, new Cursor(cursor.epoch(), previous));
        }
        if (cursor.offset() <= position.offset()) {
            return Received.DUPLICATE;
        }
        if (this.reading || previous > position.offset()) {
            aim(cursor);
            return Received.BEHIND;
        }
        Received result = deliver(envelope);
        if (result == null) {
            aim(cursor);
            return Received.REFUSED;
        }
        this.position = cursor;
        return result;
    }

    /** Where the stream was when the subscription came into force. */
    synchronized void start(Cursor head) {
        if (this.position == null) {
            Cursor target = this.target;
            boolean ahead = target != null && target.epoch().equals(head.epoch()) && target.offset() <= head.offset();
            // What came before the head was known is part of what the joins get from the history.
            this.position = head;
            if (ahead) {
                this.target = null;
            }
        }
    }

    /** What an origin says of itself. Sequences that it has used and that are not here are lost. */
    synchronized void told(String origin, Beacon.Position told) {
        if (told.sequence() > 0) {
            Counter counter = this.origins.get(origin);
            if (counter != null && counter.run() == told.run() && counter.sequence() < told.sequence()) {
                lost(told.sequence() - counter.sequence());
            }
            if (counter == null || counter.run() < told.run()) {
                if (counter != null) {
                    lost(told.sequence());
                } else {
                    unheard();
                }
                this.origins.put(origin, new Counter(told.run(), told.sequence()));
            } else if (counter.run() == told.run()) {
                this.origins.put(origin, new Counter(told.run(), Math.max(counter.sequence(), told.sequence())));
            }
        }
        Cursor cursor = told.cursor();
        Cursor position = this.position;
        if (cursor != null && position != null) {
            if (!cursor.epoch().equals(position.epoch())) {
                this.unsure = true;
            } else if (cursor.offset() > position.offset()) {
                aim(cursor);
            }
        }
    }

    /** What an origin has sent may be lost, nobody knows how much of it. */
    synchronized void uncertain(String origin) {
        if (this.origins.containsKey(origin)) {
            lost(BackplaneListener.UNKNOWN_LOSS);
        } else {
            unheard();
        }
    }

    /**
     * Something may have been sent of which nothing is known here. Presence is read again, which costs little and is no
     * loss if nothing was; of other keys it is not said, since they began to count here.
     */
    synchronized void unheard() {
        if (this.key.kind() == RoutingKey.Kind.PRESENCE) {
            this.listener.onLoss(this.key, BackplaneListener.UNKNOWN_LOSS);
        }
    }

    synchronized void forget(String origin) {
        this.origins.remove(origin);
    }

    /** The stream is compared with the store. */
    synchronized void check() {
        this.unsure = this.position != null;
    }

    /** Whether the store has to be asked, by nobody else. */
    synchronized boolean isBehind() {
        return !this.over && !this.reading && wantsMore();
    }

    private boolean wantsMore() {
        Cursor position = this.position;
        Cursor target = this.target;
        return position != null && (this.unsure || target != null && !has(position, target));
    }

    private static boolean has(Cursor position, Cursor target) {
        return position.epoch().equals(target.epoch()) && position.offset() >= target.offset();
    }

    /** Behind which position to read; {@code null} if nothing is to be read, or somebody does already. */
    synchronized @Nullable Cursor beginReading() {
        if (!isBehind()) {
            return null;
        }
        this.reading = true;
        return this.position;
    }

    /** How the entries of a stream are read. */
    interface Decoder {
        /** {@code null} for one that cannot be read. */
        @Nullable
        Envelope decode(Broker.Entry entry);
    }

    /**
     * The store's answer.
     *
     * @param after behind which position it was asked
     * @return behind which position to go on; {@code null} if there is nothing to read now
     */
    synchronized @Nullable Cursor read(Cursor after, Broker.Slice slice, Decoder decoder) {
        if (this.over) {
            this.reading = false;
            return null;
        }
        if (!after.equals(this.position)) {
            // The stream began anew meanwhile.
            return goOn();
        }
        if (!slice.available()) {
            if (!after.epoch().equals(slice.head().epoch())) {
                anew(after, slice.head());
                aim(slice.head());
                this.unsure = false;
                return goOn();
            }
            lost(BackplaneListener.UNKNOWN_LOSS);
            return end(slice.head());
        }
        int delivered = 0;
        for (Broker.Entry entry : slice.entries()) {
            Envelope envelope = decoder.decode(entry);
            if (envelope == null) {
                lost(1);
            } else if (deliver(envelope) == null) {
                // The next tick tries again.
                this.reading = false;
                break;
            } else {
                delivered++;
            }
            this.position = entry.cursor();
        }
        if (delivered > 0) {
            this.observer.caughtUp(this.key, delivered);
        }
        if (!this.reading) {
            return null;
        }
        if (slice.missed() == slice.entries().size()) {
            this.unsure = false;
            if (slice.missed() == 0 && wantsMore()) {
                // The store does not have what was acknowledged.
                lost(BackplaneListener.UNKNOWN_LOSS);
                return end(slice.head());
            }
        }
        return goOn();
    }

    private @Nullable Cursor goOn() {
        if (wantsMore()) {
            return this.position;
        }
        this.reading = false;
        this.target = null;
        return null;
    }

    /** There is no way from the position to {@code head}. */
    private @Nullable Cursor end(Cursor head) {
        this.position = head;
        this.target = null;
        this.unsure = false;
        this.reading = false;
        return null;
    }

    /** The store could not be read; the next tick tries again. */
    synchronized void notRead() {
        this.reading = false;
    }

    /** The subscription is over. */
    synchronized void end() {
        this.over = true;
    }

    /**
     * The stream has another epoch: what was in the old one and is not here is lost, nobody knows how much.
     *
     * <p>Where the new one is to be read from, nobody knows either. A store that may have given offsets twice goes on with
     * them, so that all before {@code position} is known here; read from the beginning, events would come again that
     * members had long ago and the window of ids has forgotten. One that was emptied begins at 1 and may have come past
     * {@code position} already; then the first of its events are in the loss that is declared. What is behind both has not
     * been here in either case, and is read.
     *
     * @param known the stream has nothing that is not here between this place, in the new epoch, and what follows it
     * @return the position in the new epoch
     */
    private Cursor anew(Cursor position, Cursor known) {
        lost(BackplaneListener.UNKNOWN_LOSS);
        Cursor start = new Cursor(known.epoch(), Math.min(position.offset(), known.offset()));
        this.position = start;
        this.target = null;
        return start;
    }

    private void aim(Cursor cursor) {
        Cursor target = this.target;
        if (target == null || !target.epoch().equals(cursor.epoch()) || target.offset() < cursor.offset()) {
            this.target = cursor;
        }
    }

    /** {@code null} if it cannot be taken now. */
    private @Nullable Received deliver(Envelope envelope) {
        try {
            return this.listener.onMessage(new BackplaneMessage(envelope.origin(), envelope.event(), envelope.trace()));
        } catch (RealtimeException later) {
            return null;
        } catch (RuntimeException never) {
            logger.warn("An event of {} cannot be delivered; its members get a gap", this.key, never);
            lost(1);
            return Received.REFUSED;
        }
    }

    private boolean known(Envelope envelope) {
        return this.listener.isKnown(this.key, envelope.event().id());
    }

    private void lost(long events) {
        if (this.listener.onLoss(this.key, events)) {
            this.observer.lost(this.key, events);
        }
    }
}
