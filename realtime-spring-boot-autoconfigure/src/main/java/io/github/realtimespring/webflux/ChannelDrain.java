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
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Drains one connection's queue into one channel of Reactor Netty, on the channel's event loop: what waits goes out as one
 * message, one message is in flight at a time, and no thread ever waits for the peer (SPEC §4, DESIGN decision 9). Messages
 * are made once for all connections that send the same, and written below the encoder that would make them
 * ({@code docs/decisions/0014-webflux.md}).
 *
 * <p>Netty's own buffer holds no more of ours than the message in flight, at most {@link #MAX_MESSAGE} bytes or one frame.
 *
 * <h2>Concurrency</h2>
 *
 * {@code queue} is written by whoever is woken first and by nobody else; every other field belongs to the event loop.
 */
final class ChannelDrain extends EventLoopDrain.Woken {

    /** Bytes of frames joined into one message. */
    static final int MAX_MESSAGE = 64 << 10;

    /** Messages that one turn sends before other connections have theirs. */
    private static final int MESSAGES_PER_TURN = 4;

    /** How frames become what the peer gets. */
    interface Output {

        /** The bytes of {@code frames}, framed, for one write that releases them; not called if there is no encoder. */
        ByteBuf message(List<Frame> frames, SharedMessages messages);

        /** Writes and flushes {@code frames} where no bytes can be written, because something has to see them first. */
        ChannelFuture write(List<Frame> frames);
    }

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
        // Nothing else on the way holds back what is flushed.
        this.immediate = this.channel.pipeline().get(SslHandler.class) == null;
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

    /** One turn: a few messages, then other connections have theirs. */
    @Override
    void drain(SharedMessages messages) {
        SendQueue queue = this.queue;
        if (queue == null) {
            return;
        }
        if (this.state != State.OPEN) {
            this.parked = true;
            return;
        }
        for (int sent = 0; sent < MESSAGES_PER_TURN; sent++) {
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                return;
            }
            if (!write(batch, messages)) {
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
            flushed(this.output.write(batch));
            return false;
        }
        ByteBuf message = this.output.message(batch, messages);
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
