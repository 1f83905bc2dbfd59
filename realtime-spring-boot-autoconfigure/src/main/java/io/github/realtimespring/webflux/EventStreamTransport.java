package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.ProtocolSession;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

/**
 * One event stream on Reactor Netty: what waits goes out as one chunk, written below the HTTP codec, as {@link ChannelDrain}
 * does it. Headers and the end of the response are the codec's.
 *
 * <h2>Concurrency</h2>
 *
 * Every field belongs to the event loop.
 */
final class EventStreamTransport implements ConnectionTransport, ChannelDrain.Output {

    /** How long a peer that took everything before may take for the last frame. */
    private static final long FAREWELL_MILLIS = 1_000;

    private final EventStreamWriter.Opening opening;
    private final EventStream stream;
    private final Channel channel;
    private final ChannelDrain drain;
    private @Nullable ProtocolSession session;
    private WebSessionConnections.@Nullable Entry webSession;
    private @Nullable ChannelHandlerContext codec;
    private @Nullable MonoSink<Void> response;
    private @Nullable CloseReason closing;
    private boolean ended;

    EventStreamTransport(EventStreamWriter.Opening opening, EventLoopDrain loop, Channel channel) {
        this.opening = opening;
        this.stream = opening.stream();
        this.channel = channel;
        this.drain = new ChannelDrain(loop, channel, this);
    }

    /**
     * Opens the session; nothing is written before {@link #begin}.
     *
     * @throws io.github.realtimespring.RealtimeException if the connection is not admitted
     */
    void open() {
        ProtocolSession session = this.stream.open(this);
        this.session = session;
        this.webSession = this.opening.track(session.connection());
    }

    /**
     * The headers are out: begins to write.
     *
     * @param codec the HTTP codec, below which chunks enter the pipeline
     * @param response completed when no chunk is left to be written
     */
    void begin(ChannelHandlerContext codec, MonoSink<Void> response) {
        if (this.ended) {
            response.success();
            return;
        }
        this.codec = codec;
        this.response = response;
        codec.writeAndFlush(SharedMessages.chunk(this.stream.preamble(), this.channel.alloc()), codec.voidPromise());
        if (this.closing != null) {
            finish(this.closing);
        } else {
            this.drain.open(codec);
        }
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.drain.wakeUp(queue);
    }

    @Override
    public ByteBuf message(List<Frame> frames, SharedMessages messages) {
        return messages.chunk(frames, this.stream, this.channel.alloc());
    }

    @Override
    public ChannelFuture write(List<Frame> frames) {
        throw new IllegalStateException("without a codec there is another transport");
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
        if (this.ended || this.closing != null) {
            return;
        }
        this.closing = reason;
        if (this.codec != null) {
            finish(reason);
        }
    }

    /** What is still in flight is stuck, for a graceful close comes after it: then there is nothing to be said. */
    private void finish(CloseReason reason) {
        ChannelHandlerContext codec = this.codec;
        MonoSink<Void> response = this.response;
        if (codec == null || response == null || this.drain.isStuck()) {
            this.channel.close();
            return;
        }
        this.drain.shut();
        ChannelFuture written =
                codec.writeAndFlush(SharedMessages.chunk(this.stream.farewell(reason), this.channel.alloc()));
        if (!written.isDone()) {
            this.channel
                    .eventLoop()
                    .schedule(
                            () -> {
                                if (!written.isDone()) {
                                    this.channel.close();
                                }
                            },
                            FAREWELL_MILLIS,
                            TimeUnit.MILLISECONDS);
        }
        response.success();
    }

    /** The exchange is over, whoever ended it. */
    void ended() {
        if (!this.channel.eventLoop().inEventLoop()) {
            try {
                this.channel.eventLoop().execute(this::ended);
            } catch (RejectedExecutionException gone) {
                over();
            }
            return;
        }
        over();
    }

    private void over() {
        if (this.ended) {
            return;
        }
        this.ended = true;
        this.drain.shut();
        if (this.webSession != null) {
            this.webSession.remove();
        }
        if (this.session != null) {
            this.session.closed(this.closing == null ? CloseReason.ABNORMAL : this.closing);
        }
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "sse";
    }

    /** An {@code EventSource} cannot answer. */
    @Override
    public Heartbeat heartbeat() {
        return Heartbeat.WRITTEN;
    }
}
