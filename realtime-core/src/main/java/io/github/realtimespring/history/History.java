package io.github.realtimespring.history;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.concurrent.CompletionStage;

/**
 * Where the streams of rooms are kept (SPEC §10). It knows positions only so far; a join with a cursor is answered
 * {@code recovered: false}.
 *
 * @since 0.1.0
 */
public interface History {

    /**
     * The position after the last event of the room. A room without a stream gets one, so that two answers without an
     * event between them are equal.
     */
    CompletionStage<Cursor> head(RoutingKey key);
}
