package io.github.realtimespring.webflux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The socket of a channel on epoll, for bytes that nothing in the pipeline would look at: one system call instead of an entry
 * in Netty's buffer, a flush and what follows ({@code docs/decisions/0014-webflux.md}). Used on the event loop.
 *
 * <p>Whatever waits in Netty's buffer is before these bytes, so they go this way only while it is empty; and what the socket
 * does not take goes into it, where Netty resumes it when the socket is writable. Errors are Netty's, too.
 */
final class EpollSocket {

    private final Channel channel;
    private final Socket socket;

    private EpollSocket(Channel channel, Socket socket) {
        this.channel = channel;
        this.socket = socket;
    }

    /** The socket below {@code encoder}; {@code null} if there is another channel, or a handler that may want to see the bytes. */
    static @Nullable EpollSocket below(ChannelHandlerContext encoder) {
        if (!(encoder.channel() instanceof EpollSocketChannel channel) || !(channel.fd() instanceof Socket socket)) {
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
        return new EpollSocket(channel, socket);
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
