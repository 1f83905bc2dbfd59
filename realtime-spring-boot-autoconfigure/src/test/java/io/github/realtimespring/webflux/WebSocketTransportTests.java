package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.protocol.JsonFrames;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class WebSocketTransportTests {

    private static final class Endpoint extends ChannelInboundHandlerAdapter {}

    private final EmbeddedChannel channel = new EmbeddedChannel(new WebSocket13FrameEncoder(false), new Endpoint());
    private final EventLoopDrain loop = new EventLoopDrain(this.channel.eventLoop());
    private final WebSocketTransport transport = new WebSocketTransport(
            this.loop,
            this.channel.pipeline().context(Endpoint.class),
            this.channel.pipeline().context(WebSocket13FrameEncoder.class));
    private final Connection connection = new Connection(
            ConnectionId.random(),
            Identity.ANONYMOUS,
            this.transport,
            QueueLimits.DEFAULTS,
            new JsonFrames(JsonMapper.shared()),
            ReplaySource.none(),
            ConnectionListener.none(),
            Ticker.SYSTEM);

    @AfterEach
    void finish() {
        this.channel.finishAndReleaseAll();
    }

    private static Frame frame(String text) {
        return Frame.direct(text.getBytes(StandardCharsets.UTF_8));
    }

    /** First bytes of what was written, which say what kind of frame it is. */
    private List<Integer> written() {
        this.channel.runPendingTasks();
        List<Integer> kinds = new ArrayList<>();
        for (ByteBuf bytes = this.channel.readOutbound(); bytes != null; bytes = this.channel.readOutbound()) {
            if (bytes.isReadable()) {
                kinds.add(bytes.readByte() & 0xff);
            }
            bytes.release();
        }
        return kinds;
    }

    @Test
    void whatIsQueuedBeforeAGracefulCloseIsBeforeIt() {
        this.connection.send(frame("1"));
        this.connection.close(new CloseReason(4001, "bye", true));
        assertThat(written()).containsExactly(0x81, 0x88);
    }

    @Test
    void nothingComesBehindACloseNotEvenWhatWasTakenFromTheQueueAlready() {
        // Both are asked for their messages before one of them writes.
        this.loop.wake(new EventLoopDrain.Woken() {
            private boolean taken;

            @Override
            int take(SharedMessages messages) {
                int message = this.taken ? 0 : 1;
                this.taken = true;
                return message;
            }

            @Override
            boolean write() {
                WebSocketTransportTests.this.connection.close(CloseReason.GOING_AWAY);
                return true;
            }

            @Override
            void written() {}

            @Override
            void failed(Throwable failure) {
                throw new AssertionError(failure);
            }
        });
        this.connection.send(frame("too late"));
        assertThat(written()).containsExactly(0x88);
    }
}
