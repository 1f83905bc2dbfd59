package io.github.realtimespring.history;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Event;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An event with its place in a room's stream, and the form in which it was last sent: every replay of it in this process
 * shares the same encoding. Immutable but for that; safe between threads.
 *
 * @since 0.1.0
 */
public final class Recorded {

    private final Event event;
    private final Cursor cursor;
    /** Racy single-check: the same value whoever makes it. */
    private @Nullable Encoded<?> encoded;

    private record Encoded<T>(Function<Event, T> encoding, T value) {}

    /** @param event has a cursor */
    public Recorded(Event event) {
        this.event = event;
        this.cursor = Objects.requireNonNull(event.cursor(), "an event in a stream has a cursor");
    }

    public Event event() {
        return this.event;
    }

    /** The event's place in the stream. */
    public Cursor cursor() {
        return this.cursor;
    }

    /**
     * The event in the form that is sent, made at the first replay and shared by the others.
     *
     * @param encoding the same instance each time; what it gives is shared between threads
     */
    @SuppressWarnings("unchecked")
    public <T> T as(Function<Event, T> encoding) {
        Encoded<?> encoded = this.encoded;
        if (encoded == null || encoded.encoding() != encoding) {
            encoded = new Encoded<>(encoding, encoding.apply(this.event));
            this.encoded = encoded;
        }
        return (T) encoded.value();
    }

    @Override
    public String toString() {
        return "Recorded[" + this.event.key() + " " + this.cursor + "]";
    }
}
