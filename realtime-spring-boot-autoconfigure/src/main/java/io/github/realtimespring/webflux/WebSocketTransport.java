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
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.util.concurrent.ScheduledFuture;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket on Reactor Netty: what waits goes out as one text message, as {@link ChannelDrain} does it. Netty's own
 * buffer holds no more of ours than that, the answer to one ping and a close.
 *
 * <h2>Concurrency</h2>
 *
 * Every field belongs to the event loop.
 */
final class WebSocketTransport implements ConnectionTransport, ChannelDrain.Output {

    /** How long a message in flight may take once the connection ends. */
    static final long WRITE_MILLIS = 500;

    /** How long a peer may take to answer a close. */
    static final long HANDSHAKE_MILLIS = 10_000;

    private final Channel channel;
    private final ChannelHandlerContext endpoint;
    private final ChannelDrain drain;
    private boolean closing;
    private @Nullable ScheduledFuture<?> cut;

    /**
     * @param endpoint where closes enter the pipeline
     * @param encoder where messages do, framed; {@code null} if an extension has to see them first
     */
    WebSocketTransport(EventLoopDrain loop, ChannelHandlerContext endpoint, @Nullable ChannelHandlerContext encoder) {
        this.channel = endpoint.channel();
        this.endpoint = endpoint;
        this.drain = new ChannelDrain(loop, this.channel, this);
        this.drain.open(encoder);
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.drain.wakeUp(queue);
    }

    @Override
    public ByteBuf message(List<Frame> frames, SharedMessages messages) {
        return messages.text(frames, this.channel.alloc());
    }

    @Override
    public ChannelFuture write(List<Frame> frames) {
        ByteBuf text = Unpooled.wrappedBuffer(
                frames.size() == 1
                        ? frames.get(0).bytes()
                        : TextMessages.join(frames).getBytes(StandardCharsets.UTF_8));
        return this.endpoint.writeAndFlush(new TextWebSocketFrame(text));
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
        // Nothing comes behind a close, not even what was taken from the queue already.
        this.drain.shut();
        this.endpoint.writeAndFlush(new CloseWebSocketFrame(reason.code(), reason.text()), this.endpoint.voidPromise());
        cutAfter(this.drain.isStuck() ? WRITE_MILLIS : HANDSHAKE_MILLIS);
    }

    /** The peer has closed: echoes its code unless it answers ours, and ends the channel. */
    void closedByPeer(CloseWebSocketFrame frame) {
        if (this.closing) {
            this.channel.close();
            return;
        }
        this.closing = true;
        this.drain.shut();
        CloseWebSocketFrame echo = frame.statusCode() < 0
                ? new CloseWebSocketFrame(true, 0)
                : new CloseWebSocketFrame(frame.statusCode(), "");
        this.endpoint.writeAndFlush(echo).addListener(done -> this.channel.close());
        cutAfter(WRITE_MILLIS);
    }

    /** The decoder has answered a violation and closes when that is written. */
    void closedByDecoder() {
        this.closing = true;
        this.drain.shut();
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
