package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * An adapter's answer to a publish.
 *
 * @param outcome what became of the event
 * @param cursor its place in the room's stream, for classes that have one
 * @since 0.1.0
 */
public record Published(BackplaneOutcome outcome, @Nullable Cursor cursor) {}
