package io.github.realtimespring.webflux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket of a channel on epoll or io_uring, for bytes that nothing in the pipeline would look at: one system call instead
 * of an entry in Netty's buffer, a flush and what follows ({@code docs/decisions/0014-webflux.md}). Used on the event loop.
 *
 * <p>Whatever waits in Netty's buffer is before these bytes, so they go this way only while it is empty; then no write of the
 * channel's is in a ring either, because what is being written stays in the buffer. What the socket does not take goes into
 * the buffer, where Netty resumes it when the socket is writable. Errors are Netty's, too.
 */
final class DirectSocket {

    private static final Logger logger = LoggerFactory.getLogger(DirectSocket.class);

    /** Channels are told apart by the package of their class, which need not be on the class path. */
    static final String EPOLL = "io.netty.channel.epoll.";

    static final String IO_URING = "io.netty.channel.uring.";

    /** As in Linux's {@code asm-generic/socket.h}, which holds for every processor that Netty has its io_uring for. */
    private static final int SOL_SOCKET = 1;

    private static final int SO_SNDTIMEO = 21;

    private final Channel channel;
    private final Socket socket;

    private DirectSocket(Channel channel, Socket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    /** The socket below {@code encoder}; {@code null} if there is another channel, or a handler that may want to see the bytes. */
    static @Nullable DirectSocket below(ChannelHandlerContext encoder) {
        Channel channel = encoder.channel();
        if (!(channel instanceof SocketChannel)
                || !(channel instanceof UnixChannel unix)
                || !(unix.fd() instanceof Socket socket)) {
            return null;
        }
        for (Map.Entry<String, ChannelHandler> handler : encoder.pipeline()) {
            if (handler.getValue() == encoder.handler()) {
                break;
            }
            if (handler.getValue() instanceof ChannelOutboundHandler) {
                return null;
            }
        }
        return neverWaits(channel, socket) ? new DirectSocket(channel, socket) : null;
    }

    /** Whether a write to {@code socket} returns at once when it is full. */
    private static boolean neverWaits(Channel channel, Socket socket) {
        String type = channel.getClass().getName();
        return type.startsWith(EPOLL) || type.startsWith(IO_URING) && stopWaiting(socket);
    }

    /**
     * Netty leaves the sockets that it accepts on io_uring in blocking mode, because a ring polls for those by itself, and a
     * write of ours would wait as long as the peer likes. With a timeout below zero Linux does not wait at all
     * ({@code sock_set_timeout}; zero would be no timeout). What goes through the ring never waited anyway.
     */
    private static boolean stopWaiting(Socket socket) {
        ByteBuffer seconds = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.nativeOrder());
        seconds.putLong(0, -1);
        try {
            socket.setRawOpt(SOL_SOCKET, SO_SNDTIMEO, seconds);
            return true;
        } catch (IOException refused) {
            logger.debug("Messages go through the ring", refused);
            return false;
        }
    }

    /**
     * Writes {@code message} if it can be written now: whether all of it is out. If not, its reader index stands on what is
     * left for the pipeline.
     */
    boolean write(ByteBuf message) {
        ChannelOutboundBuffer pending = this.channel.unsafe().outboundBuffer();
        if (pending == null || pending.totalPendingWriteBytes() != 0 || !message.hasMemoryAddress()) {
            return false;
        }
        try {
            int sent = this.socket.sendAddress(message.memoryAddress(), message.readerIndex(), message.writerIndex());
            if (sent > 0) {
                message.skipBytes(sent);
            }
        } catch (IOException broken) {
            // The pipeline hears of it in its own way.
            return false;
        }
        return !message.isReadable();
    }
}
