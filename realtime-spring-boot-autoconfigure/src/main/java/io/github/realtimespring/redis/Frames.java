package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.InvalidRoutingKeyException;
import io.github.realtimespring.RoutingKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What travels through a channel. An envelope that is only sent goes as it is; {@code append.lua} puts the place in
 * front of one that was recorded: {@code 'R'}, the length of the cursor's text in one byte, the text. No version of an
 * envelope begins with {@code 'R'}.
 *
 * <p>Where keys share a channel, the key is in front of all that: {@code 'K'}, the length of its text in two bytes, the
 * text.
 */
final class Frames {

    static final byte[] NOTHING = new byte[0];

    private static final byte RECORDED = 'R';
    private static final byte KEY = 'K';

    private Frames() {}

    /**
     * @param envelope what the codec of envelopes has to look at
     * @param cursor its place; {@code null} if it has none
     */
    record Arrival(byte[] envelope, @Nullable Cursor cursor) {}

    /**
     * @param rest what is behind the key
     */
    record Addressed(RoutingKey key, byte[] rest) {}

    /** What is in front of everything that is sent for a key through a channel of several. */
    static byte[] front(RoutingKey key) {
        byte[] text = key.toString().getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(3 + text.length)
                .put(KEY)
                .putShort((short) text.length)
                .put(text)
                .array();
    }

    /** {@code null} for something that no node sends through a channel of several keys. */
    static @Nullable Addressed address(byte[] frame) {
        if (frame.length < 3 || frame[0] != KEY) {
            return null;
        }
        int end = 3 + (ByteBuffer.wrap(frame).getShort(1) & 0xffff);
        if (end > frame.length) {
            return null;
        }
        try {
            RoutingKey key = RoutingKey.parse(new String(frame, 3, end - 3, StandardCharsets.UTF_8));
            return new Addressed(key, Arrays.copyOfRange(frame, end, frame.length));
        } catch (InvalidRoutingKeyException invalid) {
            return null;
        }
    }

    /** Something that only looks as if it had a place is handed on as it came: it is no envelope. */
    static Arrival read(byte[] frame) {
        if (frame.length < 2 || frame[0] != RECORDED) {
            return new Arrival(frame, null);
        }
        int end = 2 + (frame[1] & 0xff);
        if (end > frame.length) {
            return new Arrival(frame, null);
        }
        Cursor cursor = Cursor.parse(new String(frame, 2, end - 2, StandardCharsets.US_ASCII))
                .orElse(null);
        return cursor == null
                ? new Arrival(frame, null)
                : new Arrival(Arrays.copyOfRange(frame, end, frame.length), cursor);
    }
}
