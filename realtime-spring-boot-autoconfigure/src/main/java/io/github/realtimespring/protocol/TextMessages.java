package io.github.realtimespring.protocol;

import io.github.realtimespring.connection.Frame;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;

/**
 * Text messages of a server (RFC 6455, section 5.2): one unmasked frame, with the queued frames joined by line breaks in
 * it (PROTOCOL, frames).
 *
 * @since 0.1.0
 */
public final class TextMessages {

    /** FIN and opcode 1. */
    private static final byte TEXT = (byte) 0x81;

    private static final int MAX_HEADER = 10;

    /** Up to this size copying costs less than a gathering write. */
    private static final int SMALL = 4 << 10;

    /** One instance, so that a frame for many connections is encoded once. */
    private static final Function<Frame, ByteBuffer> ALONE = frame -> joined(List.of(frame));

    private TextMessages() {}

    /** The message of {@code frames} as it goes over the wire. The bytes of a single frame are shared. */
    public static ByteBuffer[] encode(List<Frame> frames) {
        if (frames.size() == 1 && frames.get(0).size() <= SMALL) {
            return new ByteBuffer[] {frames.get(0).as(ALONE).duplicate()};
        }
        if (frames.size() == 1) {
            ByteBuffer header = ByteBuffer.allocate(MAX_HEADER);
            header(header, payload(frames));
            return new ByteBuffer[] {
                header.flip(), ByteBuffer.wrap(frames.get(0).bytes())
            };
        }
        return new ByteBuffer[] {joined(frames)};
    }

    private static ByteBuffer joined(List<Frame> frames) {
        ByteBuffer message = ByteBuffer.allocate(size(frames));
        write(frames, message);
        return message.flip();
    }

    /** How many bytes {@link #write} writes. */
    public static int size(List<Frame> frames) {
        int payload = payload(frames);
        return payload + (payload < 126 ? 2 : payload < 1 << 16 ? 4 : MAX_HEADER);
    }

    /** Writes the message of {@code frames}. */
    public static void write(List<Frame> frames, ByteBuffer message) {
        header(message, payload(frames));
        for (int i = 0; i < frames.size(); i++) {
            if (i > 0) {
                message.put((byte) '\n');
            }
            message.put(frames.get(i).bytes());
        }
    }

    private static int payload(List<Frame> frames) {
        int payload = frames.size() - 1;
        for (int i = 0; i < frames.size(); i++) {
            payload += frames.get(i).size();
        }
        return payload;
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

    /** The same as text, for servers that frame by themselves. */
    public static String join(List<Frame> frames) {
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
