package io.github.realtimespring.testing;

import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.ControlFrames;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.EventEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/** Frames that are easy to read: an event is its payload, a gap is {@code gap:project:42}. */
public final class TestFrames implements ControlFrames, EventEncoder {

    private final AtomicInteger encodings = new AtomicInteger();

    @Override
    public Frame ping() {
        return Frame.ping(bytes("ping"));
    }

    @Override
    public Frame gap(RoutingKey key, GapReason reason) {
        return Frame.gap(bytes("gap:" + key.id()), key);
    }

    @Override
    public byte[] encode(Event event, WireFormat format) {
        this.encodings.incrementAndGet();
        String data = new String(event.payload().bytes(), StandardCharsets.UTF_8);
        if (data.equals("unencodable")) {
            throw new IllegalArgumentException("unencodable");
        }
        return event.cursor() == null
                ? bytes(data)
                : bytes(data + "@" + event.cursor().offset());
    }

    @Override
    public Payload payload(Object data) {
        return Payload.ofJson(data.toString());
    }

    @Override
    public Object data(Payload payload) {
        return new String(payload.bytes(), StandardCharsets.UTF_8);
    }

    /** How many events were encoded. */
    public int encodings() {
        return this.encodings.get();
    }

    public static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
