package io.github.realtimespring.webflux;

import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ClassUtils;

/**
 * Drains one connection's queue into one channel of Reactor Netty, on the channel's event loop: what waits goes out as one
 * message, one message is in flight at a time, and no thread ever waits for the peer (SPEC §4, DESIGN decision 9). Messages
 * are made once for all connections that send the same, and written below the encoder that would make them
 * ({@code docs/decisions/0014-webflux.md}).
 *
 * <p>Where the channel is one of epoll or io_uring and nothing in its pipeline wants to see bytes, they go straight to the
 * socket, see {@link DirectSocket}; what it does not take, and everything elsewhere, goes into Netty's buffer.
 *
 * <p>Netty's own buffer holds no more of ours than the message in flight, at most {@link #MAX_MESSAGE} bytes or one frame.
 *
 * <h2>Concurrency</h2>
 *
 * {@code queue} is written by whoever is woken first and by nobody else; every other field belongs to the event loop.
 */
final class ChannelDrain extends EventLoopDrain.Woken {

    private static final Logger logger = LoggerFactory.getLogger(ChannelDrain.class);

    /** Bytes of frames joined into one message. */
    static final int MAX_MESSAGE = 64 << 10;

    /** How frames become what the peer gets. */
    interface Output {

        /** The bytes of {@code frames}, framed, for one write that releases them; not called if there is no encoder. */
        ByteBuf message(List<Frame> frames, SharedMessages messages);

        /** Writes and flushes {@code frames} where no bytes can be written, because something has to see them first. */
        ChannelFuture write(List<Frame> frames);
    }

    /** What epoll and io_uring have in common need not be on the class path. */
    private static final boolean NATIVE =
            ClassUtils.isPresent("io.netty.channel.unix.UnixChannel", ChannelDrain.class.getClassLoader());

    private enum State {
        NEW,
        OPEN,
        SHUT
    }

    private final EventLoopDrain loop;
    private final Channel channel;
    private final Output output;
    private volatile @Nullable SendQueue queue;
    private @Nullable ChannelHandlerContext encoder;
    private boolean immediate;
    private State state = State.NEW;
    /** A drain came before {@link #open}, which goes on with it. */
    private boolean parked;

    private boolean stuck;
    /** Where messages go that nothing in the pipeline has to see. */
    private @Nullable DirectSocket socket;
    /** Taken from the queue and not written; {@code frames} where messages are made by the pipeline. */
    private @Nullable ByteBuf message;

    private @Nullable List<Frame> frames;

    ChannelDrain(EventLoopDrain loop, Channel channel, Output output) {
        this.loop = loop;
        this.channel = channel;
        this.output = output;
    }

    /**
     * From now on frames may be written; on the loop.
     *
     * @param encoder below which messages enter the pipeline, framed; {@code null} if they cannot
     */
    void open(@Nullable ChannelHandlerContext encoder) {
        this.encoder = encoder;
        // Nothing else on the way holds back what is flushed, and a flush is a system call and not an order to a ring.
        this.immediate = this.channel.pipeline().get(SslHandler.class) == null
                && !this.channel.getClass().getName().startsWith(DirectSocket.IO_URING);
        this.socket = encoder == null || !NATIVE ? null : DirectSocket.below(encoder);
        this.state = State.OPEN;
        if (this.parked) {
            this.parked = false;
            this.loop.wake(this);
        }
    }

    /** From now on nothing is written, whatever the queue has: the channel belongs to somebody else. On the loop. */
    void shut() {
        this.state = State.SHUT;
    }

    /** From any thread. */
    void wakeUp(SendQueue queue) {
        this.queue = queue;
        this.loop.wake(this);
    }

    /** Whether a message is in flight that the peer does not take. */
    boolean isStuck() {
        return this.stuck;
    }

    @Override
    int take(SharedMessages messages) {
        SendQueue queue = this.queue;
        if (queue == null) {
            return 0;
        }
        if (this.state != State.OPEN) {
            this.parked = true;
            return 0;
        }
        List<Frame> frames = queue.poll(MAX_MESSAGE);
        if (frames == null) {
            return 0;
        }
        if (this.encoder == null) {
            this.frames = frames;
            return frames.get(0).size();
        }
        ByteBuf message = this.output.message(frames, messages);
        this.message = message;
        return message.readableBytes();
    }

    @Override
    boolean write() {
        ByteBuf message = this.message;
        List<Frame> frames = this.frames;
        this.message = null;
        this.frames = null;
        if (this.state != State.OPEN) {
            // Since it was taken a listener of somebody else's end has ended this one.
            ReferenceCountUtil.release(message);
            return false;
        }
        ChannelHandlerContext encoder = this.encoder;
        if (encoder == null || message == null) {
            flushed(this.output.write(Objects.requireNonNull(frames)));
            return false;
        }
        DirectSocket socket = this.socket;
        if (socket != null && socket.write(message)) {
            message.release();
            return true;
        }
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

    @Override
    void written() {
        SendQueue queue = this.queue;
        if (queue != null) {
            queue.written();
        }
    }

    @Override
    void failed(Throwable failure) {
        logger.warn("Writing to {} failed, its connection ends", this.channel, failure);
        ReferenceCountUtil.release(this.message);
        this.message = null;
        this.frames = null;
        this.state = State.SHUT;
        this.channel.close();
    }

    private void flushed(ChannelFuture write) {
        this.stuck = true;
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
}
