package io.github.realtimespring.backplane;

import io.github.realtimespring.Event;
import java.util.Map;

/**
 * An event with what the backplane needs to know about it; never seen by clients.
 *
 * @param origin names the publishing process: random per boot
 * @param trace what a tracer of the publisher gave for those of the receivers, such as a W3C {@code traceparent}; mostly
 *     empty. It is worth less than the event: what is too much or too long to travel is left out.
 * @since 0.1.0
 */
public record BackplaneMessage(String origin, Event event, Map<String, String> trace) {

    public BackplaneMessage {
        trace = Map.copyOf(trace);
    }

    /** One that is not traced. */
    public BackplaneMessage(String origin, Event event) {
        this(origin, event, Map.of());
    }
}
