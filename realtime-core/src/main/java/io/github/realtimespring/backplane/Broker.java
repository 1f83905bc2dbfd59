package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What carries bytes between processes and keeps them: the part of a backplane that differs between Redis, Kafka and
 * others. {@link BrokerBackplane} makes an adapter of it. The rules, with what each is for, are in
 * {@code docs/contracts/backplane.md}.
 *
 * <ol>
 *   <li>No method waits. Every stage completes within the publish timeout that the broker was made with: a client
 *       library that queues or retries has bounds below it.
 *   <li>A stage that fails with {@link NotSentException} says that nothing was sent for certain; any other failure
 *       leaves that open.
 *   <li>What one node sends for one key, and what it announces after it, arrives in that order, or not at all. What a
 *       stream is given arrives in the order of its offsets.
 *   <li>The sending node is a receiver like any other.
 *   <li>{@link #append} gives the offset and sends in one step. An event id that the stream holds gets the cursor that it
 *       has, and nothing is sent.
 *   <li>A stream that lost what it had acknowledged has another epoch from then on.
 *   <li>After a connection that receives was lost and is back, subscriptions are in force again before
 *       {@link Listener#reconnected} is called.
 * </ol>
 *
 * @since 0.1.0
 */
public interface Broker extends AutoCloseable {

    /** The name in properties and meters, such as {@code redis}. */
    String name();

    /**
     * What arrives besides the keys that were subscribed. A broker that brings more than those subscribes to it by itself:
     * {@link #subscribe} then completes when what includes the key is in force.
     */
    default SubscriptionMode mode() {
        return SubscriptionMode.LAZY;
    }

    /** Begins to hand to {@code listener} what arrives. Called once, before anything else. */
    void start(Listener listener);

    /** Sends to every node that has subscribed the key, at most once. */
    CompletionStage<Void> send(RoutingKey key, byte[] envelope);

    /** Appends to the key's stream and sends to every node that has subscribed the key. */
    CompletionStage<Cursor> append(RoutingKey key, String eventId, byte[] envelope);

    /**
     * The same for an event that is not to be called recorded before it is kept as safely as the broker can be asked to:
     * on replicas, too, for example. One that has nothing to add to {@link #append(RoutingKey, String, byte[])} leaves this
     * as it is. A stage that fails because that was not confirmed in time does so without a {@link NotSentException}: the
     * event is in the stream.
     */
    default CompletionStage<Cursor> appendSafely(RoutingKey key, String eventId, byte[] envelope) {
        return append(key, eventId, envelope);
    }

    /** Sends a few bytes to every node; returns at once, as it is called with a lock held. */
    CompletionStage<Void> announce(byte[] beacon);

    /** Completes when what is sent for the key from now on will arrive. Not called again before it was unsubscribed. */
    CompletionStage<Void> subscribe(RoutingKey key);

    /** Ends a subscription; what arrives meanwhile does no harm. */
    CompletionStage<Void> unsubscribe(RoutingKey key);

    /** The position behind the last event of the key's stream; a stream that is not there yet is made. */
    CompletionStage<Cursor> head(RoutingKey key);

    /**
     * What the key's stream holds behind a position.
     *
     * @param limit how many entries to read; 0 only asks whether they are there
     */
    CompletionStage<Slice> read(RoutingKey key, Cursor after, int limit);

    /** How many entries of the key's stream can be read. */
    CompletionStage<Long> size(RoutingKey key);

    /** What this broker's client holds that is not answered or not sent yet: publishes, beacons, reads. */
    default int unanswered() {
        return 0;
    }

    /** How much of that there may be; more is refused. */
    default int maxUnanswered() {
        return 0;
    }

    @Override
    void close();

    /**
     * One entry of a stream.
     *
     * @param cursor its place
     * @param envelope what was appended
     */
    record Entry(Cursor cursor, byte[] envelope) {}

    /**
     * What one look at a stream found.
     *
     * @param available whether the stream has every entry behind the position; if not, only the head is told
     * @param entries the next of them, in order
     * @param missed how many there are in all
     * @param head the position behind the last of them
     */
    record Slice(boolean available, List<Entry> entries, long missed, Cursor head) {

        public Slice {
            entries = List.copyOf(entries);
        }

        /** The stream cannot go on from the position. */
        public static Slice lost(Cursor head) {
            return new Slice(false, List.of(), 0, head);
        }
    }

    /** Takes what arrives. No method waits or throws; who calls holds no lock. */
    interface Listener {

        /**
         * @param key the key of the channel or stream that it came through
         * @param cursor its place in the stream; {@code null} for what was only sent
         */
        void received(RoutingKey key, byte[] envelope, @Nullable Cursor cursor);

        /**
         * The same for an entry of a stream whose offsets grow by more than one: there, only the broker can tell whether
         * something is missing before it.
         *
         * @param previous the stream has no entry between this offset and the cursor's
         */
        default void received(RoutingKey key, byte[] envelope, Cursor cursor, long previous) {
            received(key, envelope, cursor);
        }

        /** Something arrived that cannot be handed over, because it names no key. */
        default void refused(Received reason) {}

        /** Something that a node announced to all, this one included. */
        void announced(byte[] beacon);

        /** What was sent until now, since some moment before, may not have arrived. */
        void reconnected();

        /**
         * What the broker refused until now it takes from now on, and what is announced comes back: for the first time, or
         * again. Nothing depends on it; without it, that is found out at the next beacon.
         */
        default void connected() {}
    }
}
