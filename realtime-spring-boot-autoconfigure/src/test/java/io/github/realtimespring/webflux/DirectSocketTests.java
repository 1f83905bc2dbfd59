package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.handler.logging.LoggingHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.netty.resources.LoopResources;

/** On epoll, or on io_uring where this run has it, as Reactor Netty chooses. */
class DirectSocketTests {

    /** Where messages enter the pipeline, and what the pipeline sees of them. */
    private static final class Encoder extends ChannelOutboundHandlerAdapter {}

    private static final boolean IO_URING = Boolean.getBoolean("realtime.test.io-uring");

    private final BlockingQueue<Channel> accepted = new ArrayBlockingQueue<>(1);
    private LoopResources loops;
    private Channel server;
    private Channel channel;
    private Socket peer;
    private DataInputStream in;
    private int next;

    @BeforeEach
    void onLinux() {
        assumeThat(Epoll.isAvailable()).isTrue();
    }

    @AfterEach
    void close() throws Exception {
        if (this.channel != null) {
            // A loop that waits for its peer goes on.
            this.peer.close();
            this.channel.close().sync();
        }
        if (this.server != null) {
            this.server.close().sync();
            this.loops.disposeLater(Duration.ZERO, Duration.ofSeconds(5)).block();
        }
    }

    /** An accepted channel whose handlers are {@code below}, the socket's side first, and then the encoder. */
    private DirectSocket connect(ChannelHandler... below) throws Exception {
        DirectSocket socket = connect(true, below);
        assertThat(this.channel.getClass().getName()).startsWith(IO_URING ? DirectSocket.IO_URING : DirectSocket.EPOLL);
        return socket;
    }

    private DirectSocket connect(boolean onNative, ChannelHandler... below) throws Exception {
        this.loops = LoopResources.create("direct-socket", 1, 1, true);
        EventLoopGroup acceptors = this.loops.onServerSelect(onNative);
        this.server = new ServerBootstrap()
                .group(acceptors, this.loops.onServer(onNative))
                .channel(this.loops.onChannelClass(ServerSocketChannel.class, acceptors))
                .childOption(ChannelOption.SO_SNDBUF, 4096)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(below).addLast(new Encoder());
                        DirectSocketTests.this.accepted.add(channel);
                    }
                })
                .bind(InetAddress.getLoopbackAddress(), 0)
                .sync()
                .channel();
        this.peer = new Socket();
        this.peer.setReceiveBufferSize(4096);
        this.peer.setSoTimeout(20_000);
        this.peer.connect(this.server.localAddress());
        this.in = new DataInputStream(this.peer.getInputStream());
        this.channel = this.accepted.poll(20, TimeUnit.SECONDS);
        return on(() -> DirectSocket.below(encoder()));
    }

    private ChannelHandlerContext encoder() {
        return this.channel.pipeline().context(Encoder.class);
    }

    private <T> T on(Callable<T> task) throws Exception {
        return this.channel.eventLoop().submit(task).get(20, TimeUnit.SECONDS);
    }

    /** Numbers that go on where the last message ended. */
    private ByteBuf message(int numbers) {
        ByteBuf message = UnpooledByteBufAllocator.DEFAULT.directBuffer(4 * numbers);
        for (int i = 0; i < numbers; i++) {
            message.writeInt(this.next++);
        }
        return message;
    }

    private void expectAllNumbers() throws Exception {
        for (int i = 0; i < this.next; i++) {
            assertThat(this.in.readInt()).isEqualTo(i);
        }
        this.in = new DataInputStream(this.peer.getInputStream());
    }

    @Test
    void aMessageTheSocketTakesIsOutAtOnce() throws Exception {
        DirectSocket socket = connect();
        ByteBuf message = message(50);

        assertThat(on(() -> socket.write(message))).isTrue();

        assertThat(message.isReadable()).isFalse();
        assertThat(message.refCnt()).isEqualTo(1);
        message.release();
        expectAllNumbers();
    }

    @Test
    void thePipelineGoesOnWhereTheSocketStopped() throws Exception {
        DirectSocket socket = connect();
        ByteBuf rest = on(() -> {
            while (true) {
                ByteBuf message = message(4096);
                if (!socket.write(message)) {
                    return message;
                }
                message.release();
            }
        });
        assertThat(rest.isReadable()).isTrue();
        on(() -> encoder().writeAndFlush(rest));
        // What comes now has to wait behind it.
        ByteBuf behind = message(10);
        assertThat(on(() -> socket.write(behind))).isFalse();
        assertThat(behind.readerIndex()).isZero();
        on(() -> encoder().writeAndFlush(behind));

        expectAllNumbers();
        assertThat(rest.refCnt()).isZero();
        assertThat(behind.refCnt()).isZero();
        // And when all is read the short way is open again.
        ByteBuf last = message(1);
        await(() -> this.channel.unsafe().outboundBuffer().totalPendingWriteBytes() == 0);
        assertThat(on(() -> socket.write(last))).isTrue();
        last.release();
        assertThat(this.in.readInt()).isEqualTo(this.next - 1);
    }

    private void await(Callable<Boolean> condition) {
        org.awaitility.Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> on(condition));
    }

    @Test
    void whatWasWrittenAndNotFlushedIsNotOvertaken() throws Exception {
        DirectSocket socket = connect();
        on(() -> {
            encoder().write(message(1));
            ByteBuf second = message(1);
            assertThat(socket.write(second)).isFalse();
            return encoder().writeAndFlush(second);
        });
        expectAllNumbers();
    }

    @Test
    void aChannelThatHasEndedLeavesTheMessageToThePipeline() throws Exception {
        DirectSocket socket = connect();
        this.channel.close().sync();
        ByteBuf message = message(1);
        assertThat(on(() -> socket.write(message))).isFalse();
        assertThat(message.readableBytes()).isEqualTo(4);
        message.release();
    }

    @Test
    void aPeerThatHasGoneIsNewsForThePipelineOnly() throws Exception {
        DirectSocket socket = connect();
        on(() -> this.channel.config().setAutoRead(false));
        this.peer.setSoLinger(true, 0);
        this.peer.close();
        ByteBuf message = message(1);
        await(() -> !socket.write(message.readerIndex(0)));
        assertThat(message.refCnt()).isEqualTo(1);
        assertThat(message.readableBytes()).isEqualTo(4);
        message.release();
    }

    @Test
    void buffersInTheHeapTakeTheLongWay() throws Exception {
        DirectSocket socket = connect();
        ByteBuf message = UnpooledByteBufAllocator.DEFAULT.heapBuffer(4).writeInt(0);
        assertThat(on(() -> socket.write(message))).isFalse();
        assertThat(message.readableBytes()).isEqualTo(4);
        message.release();
    }

    @Test
    void handlersThatReadAreNotInTheWay() throws Exception {
        assertThat(connect(new ChannelInboundHandlerAdapter())).isNotNull();
    }

    @Test
    void aHandlerThatWantsToSeeWhatIsWrittenSeesIt() throws Exception {
        assertThat(connect(new LoggingHandler())).isNull();
    }

    @Test
    void withTlsThereIsNoShortWay() throws Exception {
        SslContext tls = SslContextBuilder.forClient().build();
        assertThat(connect(tls.newHandler(UnpooledByteBufAllocator.DEFAULT))).isNull();
    }

    @Test
    void otherChannelsHaveNone() throws Exception {
        assertThat(connect(false)).isNull();
    }
}
