package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.history.Recorded;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From where on a connection gets the events of a room that it has just joined (SPEC §10).
 *
 * @param from the position that the client has, or is told
 * @param missed the events that it was promised: all from there up to {@code head}
 * @param head the room's position when the membership was in force
 * @param gap what the client has to be told besides; {@code null} for nothing
 * @since 0.1.0
 */
public record Continuation(
        Cursor from,
        List<Recorded> missed,
        Cursor head,
        @Nullable GapReason gap) {

    public Continuation {
        missed = List.copyOf(missed);
    }

    /** From the head on. */
    public static Continuation at(Cursor head) {
        return new Continuation(head, List.of(), head, null);
    }
}
