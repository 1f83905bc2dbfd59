package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
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
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.logging.LoggingHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EpollSocketTests {

    /** Where messages enter the pipeline, and what the pipeline sees of them. */
    private static final class Encoder extends ChannelOutboundHandlerAdapter {}

    private final ServerSocket server = new ServerSocket();
    private EventLoopGroup loops;
    private Channel channel;
    private Socket peer;
    private DataInputStream in;
    private int next;

    EpollSocketTests() throws Exception {}

    @BeforeEach
    void listen() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        this.server.setReceiveBufferSize(4096);
        this.server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    @AfterEach
    void close() throws Exception {
        if (this.channel != null) {
            this.channel.close().sync();
            this.loops.shutdownGracefully(0, 5, TimeUnit.SECONDS);
            this.peer.close();
        }
        this.server.close();
    }

    /** A channel whose handlers are {@code below}, the socket's side first, and then the encoder. */
    private EpollSocket connect(ChannelHandler... below) throws Exception {
        return connect(true, below);
    }

    private EpollSocket connect(boolean epoll, ChannelHandler... below) throws Exception {
        this.loops =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.channel = new Bootstrap()
                .group(this.loops)
                .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.SO_SNDBUF, 4096)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(below).addLast(new Encoder());
                    }
                })
                .connect(this.server.getLocalSocketAddress())
                .sync()
                .channel();
        this.peer = this.server.accept();
        this.peer.setSoTimeout(20_000);
        this.in = new DataInputStream(this.peer.getInputStream());
        return on(() -> EpollSocket.below(encoder()));
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
        EpollSocket socket = connect();
        ByteBuf message = message(50);

        assertThat(on(() -> socket.write(message))).isTrue();

        assertThat(message.isReadable()).isFalse();
        assertThat(message.refCnt()).isEqualTo(1);
        message.release();
        expectAllNumbers();
    }

    @Test
    void thePipelineGoesOnWhereTheSocketStopped() throws Exception {
        EpollSocket socket = connect();
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
        EpollSocket socket = connect();
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
        EpollSocket socket = connect();
        this.channel.close().sync();
        ByteBuf message = message(1);
        assertThat(on(() -> socket.write(message))).isFalse();
        assertThat(message.readableBytes()).isEqualTo(4);
        message.release();
    }

    @Test
    void aPeerThatHasGoneIsNewsForThePipelineOnly() throws Exception {
        EpollSocket socket = connect();
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
    void bufferInTheHeapTakeTheLongWay() throws Exception {
        EpollSocket socket = connect();
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
