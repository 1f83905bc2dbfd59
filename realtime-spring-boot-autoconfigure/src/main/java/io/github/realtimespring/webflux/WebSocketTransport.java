package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.TextMessages;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Drains one connection's queue into one channel of Reactor Netty, on the channel's event loop: what waits goes out as one
 * text message, one message is in flight at a time, and no thread ever waits for the peer (SPEC §4, DESIGN decision 9).
 * Messages are made once for all members that send the same, and written below the frame encoder
 * ({@code docs/decisions/0014-webflux.md}).
 *
 * <p>Netty's own buffer holds no more of ours than the message in flight, at most {@link #MAX_MESSAGE} bytes or one frame,
 * the answer to one ping and a close.
 *
 * <h2>Concurrency</h2>
 *
 * {@code queue} is written by whoever is woken first and by nobody else; every other field belongs to the event loop.
 */
final class WebSocketTransport extends EventLoopDrain.Woken implements ConnectionTransport {

    /** Bytes of frames joined into one message. */
    static final int MAX_MESSAGE = 64 << 10;

    /** Messages that one turn sends before other connections have theirs. */
    private static final int MESSAGES_PER_TURN = 4;

    /** How long a message in flight may take once the connection ends. */
    static final long WRITE_MILLIS = 500;

    /** How long a peer may take to answer a close. */
    static final long HANDSHAKE_MILLIS = 10_000;

    private final EventLoopDrain loop;
    private final Channel channel;
    private final ChannelHandlerContext endpoint;
    private final @Nullable ChannelHandlerContext encoder;
    private final boolean immediate;
    private volatile @Nullable SendQueue queue;
    private boolean stuck;
    private boolean closing;
    private @Nullable ScheduledFuture<?> cut;

    /**
     * @param endpoint where closes enter the pipeline
     * @param encoder where messages do, framed; {@code null} if an extension has to see them first
     * @param immediate whether what is flushed and not in the channel's buffer has been written: nothing else on the way
     *     holds it back
     */
    WebSocketTransport(
            EventLoopDrain loop,
            ChannelHandlerContext endpoint,
            @Nullable ChannelHandlerContext encoder,
            boolean immediate) {
        this.loop = loop;
        this.channel = endpoint.channel();
        this.endpoint = endpoint;
        this.encoder = encoder;
        this.immediate = immediate;
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.queue = queue;
        this.loop.wake(this);
    }

    /** One turn: a few messages, then other connections have theirs. */
    @Override
    void drain(SharedMessages messages) {
        SendQueue queue = this.queue;
        if (queue == null) {
            return;
        }
        for (int sent = 0; sent < MESSAGES_PER_TURN; sent++) {
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                return;
            }
            if (!write(batch, messages)) {
                this.stuck = true;
                return;
            }
            queue.written();
        }
        this.loop.wake(this);
    }

    /** @return whether the message is out; if not, {@link #flushed} goes on */
    private boolean write(List<Frame> batch, SharedMessages messages) {
        ChannelHandlerContext encoder = this.encoder;
        if (encoder == null) {
            ByteBuf text = Unpooled.wrappedBuffer(
                    batch.size() == 1
                            ? batch.get(0).bytes()
                            : TextMessages.join(batch).getBytes(StandardCharsets.UTF_8));
            flushed(this.endpoint.writeAndFlush(new TextWebSocketFrame(text)));
            return false;
        }
        ByteBuf message = messages.of(batch, this.channel.alloc());
        if (!this.immediate) {
            flushed(encoder.writeAndFlush(message));
            return false;
        }
        // No promise for each message: what the flush has written is not in the buffer any more.
        encoder.write(message, encoder.voidPromise());
        encoder.flush();
        ChannelOutboundBuffer pending = this.channel.unsafe().outboundBuffer();
        if (pending == null || pending.isEmpty()) {
            return true;
        }
        flushed(encoder.writeAndFlush(Unpooled.EMPTY_BUFFER));
        return false;
    }

    private void flushed(ChannelFuture write) {
        write.addListener(done -> {
            SendQueue queue = this.queue;
            // A write that failed ends the channel.
            if (done.isSuccess() && queue != null) {
                this.stuck = false;
                queue.written();
                this.loop.wake(this);
            }
        });
    }

    @Override
    public void close(CloseReason reason) {
        if (this.channel.eventLoop().inEventLoop()) {
            closeNow(reason);
            return;
        }
        try {
            this.channel.eventLoop().execute(() -> closeNow(reason));
        } catch (RejectedExecutionException ended) {
            this.channel.close();
        }
    }

    private void closeNow(CloseReason reason) {
        if (this.closing || !this.channel.isActive()) {
            return;
        }
        this.closing = true;
        this.endpoint.writeAndFlush(new CloseWebSocketFrame(reason.code(), reason.text()), this.endpoint.voidPromise());
        cutAfter(this.stuck ? WRITE_MILLIS : HANDSHAKE_MILLIS);
    }

    /** The peer has closed: echoes its code unless it answers ours, and ends the channel. */
    void closedByPeer(CloseWebSocketFrame frame) {
        if (this.closing) {
            this.channel.close();
            return;
        }
        this.closing = true;
        CloseWebSocketFrame echo = frame.statusCode() < 0
                ? new CloseWebSocketFrame(true, 0)
                : new CloseWebSocketFrame(frame.statusCode(), "");
        this.endpoint.writeAndFlush(echo).addListener(done -> this.channel.close());
        cutAfter(WRITE_MILLIS);
    }

    /** The decoder has answered a violation and closes when that is written. */
    void closedByDecoder() {
        this.closing = true;
        cutAfter(WRITE_MILLIS);
    }

    /** Whether a close was sent: what the peer sends is not looked at any more, but for its close. */
    boolean isClosing() {
        return this.closing;
    }

    private void cutAfter(long millis) {
        this.cut = this.channel.eventLoop().schedule(() -> this.channel.close(), millis, TimeUnit.MILLISECONDS);
    }

    /** The channel has ended; leads to {@link Connection#closed}. */
    void ended() {
        this.closing = true;
        if (this.cut != null) {
            this.cut.cancel(false);
            this.cut = null;
        }
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "websocket";
    }
}
