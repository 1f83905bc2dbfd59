package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.connection.Connection;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a variant of an event per recipient: a locale, a client version, a redaction (SPEC §3). Variants are keyed, so
 * a room with k variants costs k encodings whatever its size. Runs on fanout threads: it must be quick and must not wait.
 *
 * @since 0.1.0
 */
public interface RecipientCustomizer {

    /** The variant key that leaves a recipient out; counted as excluded. */
    String SKIP = "\0skip";

    /** Whether this event has variants at all. */
    boolean supports(Event event);

    /**
     * The variant for one recipient.
     *
     * @param data the decoded payload, decoded once per node
     * @return the key of a variant, {@link #SKIP}, or {@code null} for the event as it is
     */
    @Nullable
    String variant(Event event, Object data, Connection recipient);

    /**
     * The data of a variant, asked once per event and key. If it throws, the recipients of this variant do not get the
     * event, are counted as dropped and get a {@code gap}; others are unaffected.
     */
    Object render(Event event, Object data, String variant);
}
