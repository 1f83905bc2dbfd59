package io.github.realtimespring.backplane;

import io.github.realtimespring.Event;
import java.util.Map;

/**
 * An event on its way between nodes (SPEC §6). Its cursor is not in it: the store gives that after the envelope was made.
 *
 * @param origin the publishing process
 * @param run names the sequences of the key: grows whenever the origin begins one anew; 0 for an event with a stream
 * @param sequence its place among the origin's events of the key; 0 for an event with a stream
 * @param event the event
 * @param trace the context of the publisher's trace, by the names of its format
 * @since 0.1.0
 */
record Envelope(String origin, long run, long sequence, Event event, Map<String, String> trace) {

    Envelope(String origin, long run, long sequence, Event event) {
        this(origin, run, sequence, event, Map.of());
    }
}
