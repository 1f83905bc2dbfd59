package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of a connection whose events do not, or not yet, come straight from the fanout: those that are being joined,
 * those that are behind, and those that have caught up and may still meet a live event that they have from the history. A
 * room is forgotten when the first event behind its position comes, because the fanout delivers a stream in order.
 *
 * <p>Rooms that are behind have their turns, one question at a time. Guarded by the queue's monitor.
 */
final class CatchUps {

    /** Events per question. */
    private static final int PAGE = 128;

    /** The room whose turn it is comes first. */
    private final Map<RoutingKey, CatchUp> rooms = new LinkedHashMap<>(4);

    private @Nullable Pull asked;
    private boolean failed;
    /** No room is behind since it was last looked: asked after every write, of rooms that are hardly ever behind. */
    private boolean settled;

    boolean isEmpty() {
        return this.rooms.isEmpty();
    }

    /**
     * Whether an event with a cursor is not to be queued, because the history has it for this connection or had it.
     *
     * @param joining whether the room is being joined
     */
    boolean covers(Frame frame, boolean joining) {
        RoutingKey key = Objects.requireNonNull(frame.key());
        Cursor cursor = Objects.requireNonNull(frame.cursor());
        CatchUp room = this.rooms.get(key);
        if (joining || room != null && room.isBehind()) {
            if (room == null) {
                room = new CatchUp(key);
                this.rooms.put(key, room);
            }
            room.skip(cursor);
            this.settled = false;
            return true;
        }
        if (room == null) {
            return false;
        }
        if (room.has(cursor)) {
            return true;
        }
        this.rooms.remove(key);
        return false;
    }

    /** The queue has no room for an event: the room pauses before it. */
    void pause(RoutingKey key, Cursor cursor) {
        CatchUp room = new CatchUp(key);
        room.skip(cursor);
        this.rooms.put(key, room);
        this.settled = false;
    }

    /** The room's position is decided anew. */
    void start(RoutingKey key, Continuation continuation) {
        CatchUp room = this.rooms.computeIfAbsent(key, CatchUp::new);
        withdraw(room);
        room.start(continuation);
        this.settled = false;
    }

    /** An answer to what was asked of a room is no longer wanted. */
    void withdraw(RoutingKey key) {
        CatchUp room = this.rooms.get(key);
        if (room != null) {
            withdraw(room);
        }
    }

    void forget(RoutingKey key) {
        CatchUp room = this.rooms.remove(key);
        if (room != null) {
            withdraw(room);
        }
    }

    private void withdraw(CatchUp room) {
        if (this.asked != null && this.asked.room() == room) {
            this.asked = null;
        }
    }

    /** Whether {@code pull} still waits for its answer, which from here on it does not. */
    boolean answered(Pull pull) {
        if (this.asked != pull) {
            return false;
        }
        this.asked = null;
        this.failed = false;
        // The next question is for another room, if another is behind.
        this.rooms.remove(pull.key());
        this.rooms.put(pull.key(), pull.room());
        return true;
    }

    void failed(Pull pull) {
        if (answered(pull)) {
            this.failed = true;
        }
    }

    /** Whether there is something to ask for. */
    boolean isBehind(Map<RoutingKey, ?> joining) {
        return next(joining) != null;
    }

    /** Whether the answer to the last question was that it cannot be had now. */
    boolean hasFailed() {
        return this.failed;
    }

    boolean isAsking() {
        return this.asked != null;
    }

    private @Nullable CatchUp next(Map<RoutingKey, ?> joining) {
        if (this.settled) {
            return null;
        }
        boolean behind = false;
        for (CatchUp room : this.rooms.values()) {
            if (room.isBehind()) {
                if (!joining.containsKey(room.key())) {
                    return room;
                }
                behind = true;
            }
        }
        this.settled = !behind;
        return null;
    }

    /** The next question, if there is one and none is open. */
    @Nullable
    Pull ask(SendQueue queue, int events, Map<RoutingKey, ?> joining) {
        CatchUp room = this.asked == null ? next(joining) : null;
        if (room == null) {
            return null;
        }
        int limit = Math.min(PAGE, events);
        this.asked = new Pull(queue, room, room.position(), limit, room.promised(limit));
        return this.asked;
    }
}
