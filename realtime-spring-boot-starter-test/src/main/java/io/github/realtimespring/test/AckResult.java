package io.github.realtimespring.test;

import io.github.realtimespring.Cursor;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ObjectAssert;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An acknowledgement.
 *
 * @since 0.1.0
 */
public final class AckResult {

    private final TestSession session;
    private final JsonNode frame;
    private final String event;

    AckResult(TestSession session, JsonNode frame, String event) {
        this.session = session;
        this.frame = frame;
        this.event = event;
    }

    /** The reply of the handler, for further assertions; {@code null} if there was none. */
    public <T> ObjectAssert<T> data(Class<T> type) {
        String what = "the reply to '" + this.event + "'";
        T data = this.session.read(this.frame.path("data"), type, what);
        return Assertions.assertThat(data).as("%s: %s", this.session, what);
    }

    /** The id of the event that was broadcast; {@code null} if none was. */
    public @Nullable String eventId() {
        return this.frame.path("event").asString(null);
    }

    /** The broadcast event's place in the room's stream; {@code null} if it has none. */
    public @Nullable Cursor cursor() {
        String cursor = this.frame.path("cursor").asString(null);
        return cursor == null ? null : Cursor.parse(cursor).orElse(null);
    }

    /** The whole frame. */
    public JsonNode frame() {
        return this.frame;
    }
}
