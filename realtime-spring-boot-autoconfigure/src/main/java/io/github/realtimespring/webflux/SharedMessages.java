package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.TextMessages;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages as they go over the wire, made once for all connections of an event loop that send the same frames one after
 * the other, as the members of a room do: one as WebSockets have it and one as event streams do, so that a room may have
 * members of both. Used by one event loop.
 *
 * <p>Buffers are counted for real: this object holds one reference to the last messages until {@link #clear}, each write has
 * its own and gives it back whether the write succeeds or not.
 */
final class SharedMessages {

    /** A chunk has at most 16 digits, and two line breaks. */
    private static final int CHUNK_FRAMING = 20;

    private static final int CRLF = '\r' << 8 | '\n';

    private final Last text = new Last();
    private final Last chunk = new Last();

    /** The last message of one kind, with what it was made of. */
    private static final class Last {

        private @Nullable List<Frame> frames;
        private @Nullable ByteBuf message;

        @Nullable
        ByteBuf of(List<Frame> frames) {
            ByteBuf message = this.message;
            return message != null && isOf(frames) ? message.retainedDuplicate() : null;
        }

        private boolean isOf(List<Frame> frames) {
            List<Frame> last = this.frames;
            int size = frames.size();
            if (last == null || last.size() != size) {
                return false;
            }
            for (int i = 0; i < size; i++) {
                if (last.get(i) != frames.get(i)) {
                    return false;
                }
            }
            return true;
        }

        /** Takes over the reference to {@code message}, and gives another one. */
        ByteBuf keep(List<Frame> frames, ByteBuf message) {
            clear();
            this.frames = frames;
            this.message = message;
            return message.retainedDuplicate();
        }

        void clear() {
            if (this.message != null) {
                this.message.release();
                this.message = null;
                this.frames = null;
            }
        }
    }

    /** The text message of {@code frames}, framed, for one write, which releases it. */
    ByteBuf text(List<Frame> frames, ByteBufAllocator allocator) {
        ByteBuf shared = this.text.of(frames);
        if (shared != null) {
            return shared;
        }
        int size = TextMessages.size(frames);
        ByteBuf message = allocator.directBuffer(size, size);
        TextMessages.write(frames, message.internalNioBuffer(0, size));
        message.writerIndex(size);
        return areShared(frames) ? this.text.keep(frames, message) : message;
    }

    /** The chunk with what {@code stream} writes for {@code frames}, for one write, which releases it. */
    ByteBuf chunk(List<Frame> frames, EventStream stream, ByteBufAllocator allocator) {
        if (!stream.sharesText()) {
            return chunk(stream.encode(frames), allocator);
        }
        ByteBuf shared = this.chunk.of(frames);
        if (shared != null) {
            return shared;
        }
        ByteBuf message = chunk(stream.encode(frames), allocator);
        return areShared(frames) ? this.chunk.keep(frames, message) : message;
    }

    /** One chunk (RFC 9112, section 7.1). */
    static ByteBuf chunk(byte[] data, ByteBufAllocator allocator) {
        ByteBuf chunk = allocator.directBuffer(data.length + CHUNK_FRAMING);
        ByteBufUtil.writeAscii(chunk, Integer.toHexString(data.length));
        ByteBufUtil.writeShortBE(chunk, CRLF);
        chunk.writeBytes(data);
        return ByteBufUtil.writeShortBE(chunk, CRLF);
    }

    /** Answers are for one connection: keeping them would push out what the others need. */
    private static boolean areShared(List<Frame> frames) {
        for (int i = 0; i < frames.size(); i++) {
            if (frames.get(i).key() == null) {
                return false;
            }
        }
        return true;
    }

    /** Gives back what is held. */
    void clear() {
        this.text.clear();
        this.chunk.clear();
    }
}
