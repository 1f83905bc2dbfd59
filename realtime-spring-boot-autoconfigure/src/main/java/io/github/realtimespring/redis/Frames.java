package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What travels through a channel. An envelope that is only sent goes as it is; {@code append.lua} puts the place in
 * front of one that was recorded: {@code 'R'}, the length of the cursor's text in one byte, the text. No version of an
 * envelope begins with {@code 'R'}.
 */
final class Frames {

    private static final byte RECORDED = 'R';

    private Frames() {}

    /**
     * @param envelope what the codec of envelopes has to look at
     * @param cursor its place; {@code null} if it has none
     */
    record Arrival(byte[] envelope, @Nullable Cursor cursor) {}

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
