package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.connection.WireFormat;

/**
 * Turns events into the bytes that clients get, and data into payloads and back. The engine has no JSON library of its
 * own.
 *
 * @since 0.1.0
 */
public interface EventEncoder {

    /** The frame of an event: called once per event, format and variant, never per recipient. */
    byte[] encode(Event event, WireFormat format);

    /**
     * Encodes data.
     *
     * @throws io.github.realtimespring.RealtimeException {@code invalid-payload} if it cannot be encoded
     */
    Payload payload(Object data);

    /** Decodes a payload into the generic form that a {@link RecipientCustomizer} sees. */
    Object data(Payload payload);
}
