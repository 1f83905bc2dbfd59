package io.github.realtimespring.handler;

import io.github.realtimespring.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * What the caller of an event is answered.
 *
 * @param data the value of the method; {@code null} for none and for a broadcast
 * @param eventId the id of the event that was broadcast
 * @param cursor its place in the room's stream, for classes that have one
 * @since 0.1.0
 */
public record Reply(
        @Nullable Object data,
        @Nullable String eventId,
        @Nullable Cursor cursor) {

    /** An acknowledgement without anything in it. */
    public static final Reply EMPTY = new Reply(null, null, null);
}
