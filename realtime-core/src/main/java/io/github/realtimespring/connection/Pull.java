package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.history.Recorded;
import java.util.List;

/**
 * A queue's question for the next events of a room that it is behind in. Answered exactly once, on any thread; an answer
 * that is no longer wanted, because the client left or joined again meanwhile, changes nothing.
 *
 * @since 0.1.0
 */
public final class Pull {

    private final SendQueue queue;
    private final CatchUp room;
    private final Cursor after;
    private final int limit;
    private final List<Recorded> recovered;

    Pull(SendQueue queue, CatchUp room, Cursor after, int limit, List<Recorded> recovered) {
        this.queue = queue;
        this.room = room;
        this.after = after;
        this.limit = limit;
        this.recovered = recovered;
    }

    /** The room. */
    public RoutingKey key() {
        return this.room.key();
    }

    /** The position behind which the wanted events are. */
    public Cursor after() {
        return this.after;
    }

    /** How many events are wanted at most. */
    public int limit() {
        return this.limit;
    }

    /** The wanted events themselves, where a join has promised them already; empty if they are to be read. */
    public List<Recorded> recovered() {
        return this.recovered;
    }

    /**
     * Hands over events. The queue takes as many as it has room for and asks again for the others.
     *
     * @param frames what the connection gets of them, in order; an event that it is not to get has no frame
     * @param end the position that these events lead to; that of {@link #after} if there are none
     */
    public void replayed(List<Frame> frames, Cursor end) {
        this.queue.replayed(this, frames, end, null);
    }

    /** Hands over events of which the last, at {@code end}, cannot be sent: a {@code gap} stands in its place. */
    public void replayedUpToHole(List<Frame> frames, Cursor end) {
        this.queue.replayed(this, frames, end, GapReason.OVERFLOW);
    }

    /** The events are in no history any more: a {@code gap} says so, and the room goes on behind {@code head}. */
    public void lost(Cursor head) {
        this.queue.replayed(this, List.of(), head, GapReason.HISTORY);
    }

    /** The events cannot be had now; the queue asks again later. */
    public void failed() {
        this.queue.failed(this);
    }

    /** The connection is not to get them: it is no member any more. */
    public void notWanted() {
        this.queue.notWanted(this);
    }

    CatchUp room() {
        return this.room;
    }

    @Override
    public String toString() {
        return "Pull[" + this.limit + " of " + key() + " after " + this.after + "]";
    }
}
