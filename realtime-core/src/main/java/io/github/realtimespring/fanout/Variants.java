package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.WireFormat;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One event as a {@link RecipientCustomizer} wants each recipient to get it: decoded once, every variant rendered once
 * (SPEC §3). Used by one thread at a time.
 */
final class Variants {

    private static final Logger logger = LoggerFactory.getLogger(Variants.class);

    /** In place of a frame: the recipient is left out. */
    static final Frame SKIPPED = Frame.direct(new byte[0]);

    /** In place of a frame: the choice failed, or the variant cannot be rendered. */
    static final Frame FAILED = Frame.direct(new byte[0]);

    private final Event event;
    private final EventEncoder encoder;
    private final RecipientCustomizer customizer;
    private final Map<String, Frame> rendered = new HashMap<>(4);
    private @Nullable Object data;

    private Variants(Event event, EventEncoder encoder, RecipientCustomizer customizer) {
        this.event = event;
        this.encoder = encoder;
        this.customizer = customizer;
    }

    /** The variants of an event; {@code null} if it has none. */
    static @Nullable Variants of(Event event, EventEncoder encoder, @Nullable RecipientCustomizer customizer) {
        return customizer != null && customizer.supports(event) ? new Variants(event, encoder, customizer) : null;
    }

    /** What a recipient gets: {@code shared}, the frame of its variant, {@link #SKIPPED} or {@link #FAILED}. */
    Frame choose(Connection recipient, Frame shared) {
        String variant;
        Object data;
        try {
            data = data();
            variant = this.customizer.variant(this.event, data, recipient);
        } catch (RuntimeException ex) {
            warn(ex);
            return FAILED;
        }
        if (variant == null) {
            return shared;
        }
        if (RecipientCustomizer.SKIP.equals(variant)) {
            return SKIPPED;
        }
        Frame frame = this.rendered.get(variant);
        if (frame == null) {
            frame = render(data, variant);
            this.rendered.put(variant, frame);
        }
        return frame;
    }

    private Object data() {
        Object data = this.data;
        if (data == null) {
            data = this.encoder.data(this.event.payload());
            this.data = data;
        }
        return data;
    }

    private Frame render(Object data, String variant) {
        try {
            Object rendered = this.customizer.render(this.event, data, variant);
            Event event = this.event.withPayload(this.encoder.payload(rendered));
            return Frame.event(this.encoder.encode(event, WireFormat.JSON_V1), event);
        } catch (RuntimeException ex) {
            warn(ex);
            return FAILED;
        }
    }

    private void warn(RuntimeException ex) {
        logger.warn("A recipient customizer failed for event {}; its recipients get a gap", this.event.type(), ex);
    }
}
