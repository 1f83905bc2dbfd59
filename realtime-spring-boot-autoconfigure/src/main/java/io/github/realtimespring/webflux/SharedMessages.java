package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.protocol.TextMessages;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Messages as they go over the wire, made once for all connections of an event loop that send the same frames one after
 * the other, as the members of a room do. Used by one event loop.
 *
 * <p>Buffers are counted for real: this object holds one reference to the last message until {@link #clear}, each write has
 * its own and gives it back whether the write succeeds or not.
 */
final class SharedMessages {

    private @Nullable List<Frame> frames;
    private @Nullable ByteBuf message;

    /** The message of {@code frames}, for one write, which releases it. */
    ByteBuf of(List<Frame> frames, ByteBufAllocator allocator) {
        ByteBuf message = this.message;
        if (message != null && isLast(frames)) {
            return message.retainedDuplicate();
        }
        message = encode(frames, allocator);
        if (!areShared(frames)) {
            return message;
        }
        clear();
        this.frames = frames;
        this.message = message;
        return message.retainedDuplicate();
    }

    private static ByteBuf encode(List<Frame> frames, ByteBufAllocator allocator) {
        int size = TextMessages.size(frames);
        ByteBuf message = allocator.directBuffer(size, size);
        TextMessages.write(frames, message.internalNioBuffer(0, size));
        return message.writerIndex(size);
    }

    private boolean isLast(List<Frame> frames) {
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
        if (this.message != null) {
            this.message.release();
            this.message = null;
            this.frames = null;
        }
    }
}
