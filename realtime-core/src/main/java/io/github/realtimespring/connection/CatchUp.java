package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.history.Recorded;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far one connection is in the stream of one room: {@code position} is the last event that its queue has taken or
 * need not take, {@code target} the last one that it has to get from the history. Behind while the two differ. Guarded by
 * its queue's monitor, but for the key.
 */
final class CatchUp {

    private final RoutingKey key;
    /** {@code null} while the room is being joined and nothing of its stream came. */
    private @Nullable Cursor position;

    private @Nullable Cursor target;
    /** What a join has promised; empty once it was queued. */
    private List<Recorded> recovered = List.of();

    private int next;

    CatchUp(RoutingKey key) {
        this.key = key;
    }

    RoutingKey key() {
        return this.key;
    }

    boolean isBehind() {
        return this.target != null && !has(this.target);
    }

    /** Whether the position is at {@code cursor} or behind it. */
    boolean has(Cursor cursor) {
        Cursor position = this.position;
        return position != null
                && position.offset() >= cursor.offset()
                && position.epoch().equals(cursor.epoch());
    }

    Cursor position() {
        return Objects.requireNonNull(this.position);
    }

    Cursor target() {
        return Objects.requireNonNull(this.target);
    }

    /** An event that is not queued: it comes from the history, in its turn. */
    void skip(Cursor cursor) {
        if (this.position == null) {
            this.position = new Cursor(cursor.epoch(), cursor.offset() - 1);
        }
        if (this.target == null
                || !this.target.epoch().equals(cursor.epoch())
                || this.target.offset() < cursor.offset()) {
            this.target = cursor;
        }
    }

    /** The join says where it begins. */
    void start(Continuation continuation) {
        this.position = continuation.from();
        this.recovered = continuation.missed();
        this.next = 0;
        Cursor head = continuation.head();
        if (this.target == null || this.target.epoch().equals(head.epoch()) && this.target.offset() < head.offset()) {
            this.target = head;
        }
    }

    /** Moves on. */
    void moveTo(Cursor position) {
        this.position = position;
        while (this.next < this.recovered.size()
                && has(this.recovered.get(this.next).cursor())) {
            this.next++;
        }
        if (this.next == this.recovered.size()) {
            this.recovered = List.of();
            this.next = 0;
        }
    }

    /** The next of the promised events; empty if none is left. */
    List<Recorded> promised(int limit) {
        return this.recovered.subList(this.next, Math.min(this.recovered.size(), this.next + limit));
    }

    /** There is nothing to be had up to the target. */
    void giveUp() {
        this.recovered = List.of();
        this.next = 0;
        this.position = this.target;
    }
}
