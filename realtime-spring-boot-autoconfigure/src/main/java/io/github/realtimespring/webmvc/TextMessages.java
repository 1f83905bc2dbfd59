package io.github.realtimespring.webmvc;

import io.github.realtimespring.connection.Frame;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * Text messages of a server (RFC 6455, section 5.2): one unmasked frame, with the queued frames joined by line breaks in
 * it (PROTOCOL, frames).
 */
final class TextMessages {

    /** FIN and opcode 1. */
    private static final byte TEXT = (byte) 0x81;

    private static final int MAX_HEADER = 10;

    /** Up to this size copying costs less than a gathering write. */
    private static final int SMALL = 4 << 10;

    /** One instance, so that a frame for many connections is encoded once. */
    private static final Function<Frame, ByteBuffer> ALONE = frame -> joined(List.of(frame), frame.size());

    private TextMessages() {}

    /** The message of {@code frames} as it goes over the wire. The bytes of a single frame are shared. */
    static ByteBuffer[] encode(List<Frame> frames) {
        if (frames.size() == 1 && frames.get(0).size() <= SMALL) {
            return new ByteBuffer[] {frames.get(0).as(ALONE).duplicate()};
        }
        int payload = frames.size() - 1;
        for (Frame frame : frames) {
            payload += frame.size();
        }
        if (frames.size() == 1) {
            ByteBuffer header = ByteBuffer.allocate(MAX_HEADER);
            header(header, payload);
            return new ByteBuffer[] {
                header.flip(), ByteBuffer.wrap(frames.get(0).bytes())
            };
        }
        return new ByteBuffer[] {joined(frames, payload)};
    }

    private static ByteBuffer joined(List<Frame> frames, int payload) {
        ByteBuffer message = ByteBuffer.allocate(payload + (payload < 126 ? 2 : payload < 1 << 16 ? 4 : MAX_HEADER));
        header(message, payload);
        for (int i = 0; i < frames.size(); i++) {
            if (i > 0) {
                message.put((byte) '\n');
            }
            message.put(frames.get(i).bytes());
        }
        return message.flip();
    }

    private static void header(ByteBuffer header, int payload) {
        header.put(TEXT);
        if (payload < 126) {
            header.put((byte) payload);
        } else if (payload < 1 << 16) {
            header.put((byte) 126).putShort((short) payload);
        } else {
            header.put((byte) 127).putLong(payload);
        }
    }

    /** The same as text, for containers that frame by themselves. */
    static String join(List<Frame> frames) {
        if (frames.size() == 1) {
            return frames.get(0).text();
        }
        int length = 0;
        for (Frame frame : frames) {
            length += frame.size() + 1;
        }
        StringBuilder text = new StringBuilder(length);
        for (Frame frame : frames) {
            if (!text.isEmpty()) {
                text.append('\n');
            }
            text.append(frame.text());
        }
        return text.toString();
    }
}
