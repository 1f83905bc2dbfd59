package io.github.realtimespring.webmvc;

import java.nio.ByteBuffer;

/**
 * The socket below one WebSocket session, for containers that let it be written to without waiting. It shares the socket
 * with the container, whose own frames never land inside a message.
 */
interface SessionSocket {

    /** What became of a write. */
    enum Write {
        /** The kernel took it all. */
        DONE,
        /** It did not; {@link Completion} is told once it has, or that it failed. */
        PENDING,
        /** Nothing was written: a frame of the container is on its way. Try again later. */
        BUSY
    }

    /** Told about a write that was {@link Write#PENDING}, exactly once, perhaps before {@link #write} has returned. */
    interface Completion {

        void written();

        void failed(Throwable failure);
    }

    /**
     * Writes whole WebSocket frames, one write at a time, and never waits for the peer. From any thread.
     *
     * @param message not to be touched until the write is done
     */
    Write write(ByteBuffer[] message, Completion completion);
}
