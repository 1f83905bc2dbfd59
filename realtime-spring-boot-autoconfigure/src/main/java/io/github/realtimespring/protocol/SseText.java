package io.github.realtimespring.protocol;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.connection.Frame;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;

/**
 * Frames as an event stream (WHATWG HTML, server-sent events): one {@code data} line each, and in front of it {@code id}
 * where the frame moves the client's position. What is shared between streams is encoded once per frame.
 */
final class SseText {

    private static final byte[] ID = "id: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEXT_DATA = "\ndata: ".getBytes(StandardCharsets.US_ASCII);

    /** For streams of one room, where the id is the frame's cursor. */
    private static final Function<Frame, byte[]> WITH_CURSOR = frame -> {
        Cursor cursor = frame.cursor();
        return cursor == null ? data(frame.bytes()) : concat(List.of(ID, ascii(cursor + "\n"), data(frame.bytes())));
    };

    private static final Function<Frame, byte[]> WITHOUT_ID = frame -> data(frame.bytes());

    private SseText() {}

    /** The lines of {@code frames}, and from now on {@code position} is behind them. */
    static byte[] encode(List<Frame> frames, StreamPosition position, boolean oneRoom) {
        if (frames.size() == 1 && oneRoom) {
            position.follow(frames.get(0));
            return frames.get(0).as(WITH_CURSOR);
        }
        List<byte[]> parts = new java.util.ArrayList<>(frames.size() * 3);
        for (Frame frame : frames) {
            boolean moved = position.follow(frame);
            if (oneRoom) {
                parts.add(frame.as(WITH_CURSOR));
                continue;
            }
            if (moved) {
                parts.add(ID);
                parts.add(ascii(position + "\n"));
            }
            parts.add(frame.as(WITHOUT_ID));
        }
        return concat(parts);
    }

    /** A frame of its own, with the fields in front of it that {@code head} holds. */
    static byte[] encode(String head, Frame frame) {
        return concat(List.of(ascii(head), data(frame.bytes())));
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] concat(List<byte[]> parts) {
        int size = 0;
        for (byte[] part : parts) {
            size += part.length;
        }
        byte[] all = new byte[size];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    /**
     * Our own JSON has no raw line break; an encoder of the application's may have them, between tokens, and a field of an
     * event stream must not.
     */
    private static byte[] data(byte[] json) {
        int breaks = 0;
        for (byte b : json) {
            breaks += b == '\n' || b == '\r' ? 1 : 0;
        }
        byte[] lines = new byte[DATA.length + json.length + breaks * (NEXT_DATA.length - 1) + 2];
        System.arraycopy(DATA, 0, lines, 0, DATA.length);
        int at = DATA.length;
        for (byte b : json) {
            if (b == '\n' || b == '\r') {
                System.arraycopy(NEXT_DATA, 0, lines, at, NEXT_DATA.length);
                at += NEXT_DATA.length;
            } else {
                lines[at++] = b;
            }
        }
        lines[at++] = '\n';
        lines[at] = '\n';
        return lines;
    }
}
