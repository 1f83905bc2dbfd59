package io.github.realtimespring.history;

import io.github.realtimespring.Cursor;
import java.util.List;

/**
 * What a room's stream holds behind a position, as one look at the store found it (SPEC §10).
 *
 * @param available whether the store has every event behind the position; if not, only the head is told
 * @param events the next of them in order, at most as many as were asked for
 * @param missed how many there are in all
 * @param head the position behind the last of them
 * @param unrecorded whether events that the store does not hold were published behind the position, or may have been
 * @since 0.1.0
 */
public record Replay(boolean available, List<Recorded> events, long missed, Cursor head, boolean unrecorded) {

    public Replay {
        events = List.copyOf(events);
        if (missed < events.size() || !available && missed > 0) {
            throw new IllegalArgumentException("more events than were missed");
        }
    }

    /** The store cannot go on from the position: another stream, a future or a forgotten one. */
    public static Replay lost(Cursor head) {
        return new Replay(false, List.of(), 0, head, true);
    }

    /** Whether {@link #events} lead up to the head. */
    public boolean complete() {
        return this.available && this.events.size() == this.missed;
    }
}
