package io.github.realtimespring.history;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.concurrent.CompletionStage;

/**
 * Where the streams of rooms are kept: the port that joins with a cursor, and connections that are behind, read (SPEC
 * §10). Who writes is the backplane, whose publish and whose append are one step.
 *
 * <ol>
 *   <li>No method waits: what takes time is in the returned stage, which fails if the store cannot answer now.
 *   <li>An event is in its stream before it reaches a {@code BackplaneListener}, and offsets grow in the order in which
 *       events reach it. Intent: who did not take a live event finds it here.
 *   <li>A cursor that a stream never gave never matches it: the epoch of a stream is random, and a stream that lost
 *       events keeps its epoch only if it knows which. Intent: {@link Replay#available} is never a lie.
 *   <li>{@link Replay#unrecorded} is false only if the store knows that nothing but its own events was published behind the
 *       position. Intent: who asked after its membership was in force either gets such an event live, or is told of it.
 * </ol>
 *
 * @since 0.1.0
 */
public interface History {

    /**
     * The position after the last event of the room. A room without a stream gets one, so that two answers without an
     * event between them are equal.
     */
    CompletionStage<Cursor> head(RoutingKey key);

    /**
     * The events after a position, in order.
     *
     * @param cursor from anywhere: of another room or tenant, of the future, of a stream that is gone
     * @param limit how many events to read; 0 only asks whether they are there
     */
    CompletionStage<Replay> since(RoutingKey key, Cursor cursor, int limit);

    /**
     * An event of the room that no stream will have is about to be delivered on this node. While it is, and afterwards
     * for every cursor that was given up to then, {@link Replay#unrecorded} says so.
     *
     * @return to be run once, when the event is in the queue of everybody who gets it
     */
    Runnable unrecorded(RoutingKey key);

    /** How many events of the room can be replayed. */
    CompletionStage<Long> size(RoutingKey key);
}
