package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSession;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.compression.DecompressionException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketExtensionEncoder;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket on Reactor Netty: joins the channel, the transport and the protocol session. It stands in the pipeline
 * before Reactor Netty's own handler and takes every frame, so that no stream of frames is between the socket and the
 * session. All methods run on the channel's event loop; nothing here waits.
 */
final class WebSocketEndpoint extends ChannelInboundHandlerAdapter {

    private static final Logger logger = LoggerFactory.getLogger(WebSocketEndpoint.class);

    private static final char REPLACEMENT = '\uFFFD';
    private static final int NO_STATUS = 1005;

    /** In Netty's words: there is no type for it. */
    private static final String TOO_LARGE = "maximum size";

    private final WebSocketLoops loops;
    private final WebSocketUpgrade.Opening opening;
    private @Nullable WebSocketTransport transport;
    private @Nullable ProtocolSession session;
    private WebSessionConnections.@Nullable Entry webSession;
    private @Nullable ByteArrayOutputStream message;
    private boolean ended;
    private boolean pongPending;
    private @Nullable ByteBuf nextPong;

    WebSocketEndpoint(WebSocketLoops loops, WebSocketUpgrade.Opening opening) {
        this.loops = loops;
        this.opening = opening;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ChannelPipeline pipeline = ctx.pipeline();
        boolean extended = pipeline.get(WebSocketExtensionEncoder.class) != null;
        ChannelHandlerContext encoder = extended ? null : pipeline.context(WebSocketFrameEncoder.class);
        WebSocketTransport transport =
                new WebSocketTransport(this.loops.of(ctx.channel().eventLoop()), ctx, encoder);
        this.transport = transport;
        open(transport);
        if (!ctx.channel().isActive()) {
            // It ended during the handshake, before anybody here could hear of it.
            ended(CloseReason.ABNORMAL);
            transport.ended();
            return;
        }
        ctx.channel().config().setAutoRead(true);
    }

    private void open(WebSocketTransport transport) {
        Handshake handshake = this.opening.admission().handshake();
        if (handshake == null) {
            CloseReason refusal = this.opening.admission().refusal();
            transport.close(refusal == null ? CloseReason.SERVER_ERROR : refusal);
            return;
        }
        try {
            ProtocolSession session = this.opening.sessions().open(handshake, transport);
            this.session = session;
            this.webSession = this.opening.track(session.connection());
        } catch (RuntimeException ex) {
            logger.error("Opening a WebSocket session failed", ex);
            transport.close(CloseReason.SERVER_ERROR);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object read) {
        if (!(read instanceof WebSocketFrame frame)) {
            ctx.fireChannelRead(read);
            return;
        }
        try {
            receive(frame);
        } finally {
            ReferenceCountUtil.release(frame);
        }
    }

    private void receive(WebSocketFrame frame) {
        WebSocketTransport transport = this.transport;
        if (transport == null) {
            return;
        }
        if (frame instanceof CloseWebSocketFrame close) {
            int code = close.statusCode() < 0 ? NO_STATUS : close.statusCode();
            ended(new CloseReason(code, close.reasonText().isEmpty() ? "" : "closed by the peer", false));
            transport.closedByPeer(close);
            return;
        }
        ProtocolSession session = this.session;
        if (session == null || transport.isClosing()) {
            return;
        }
        if (frame.rsv() != 0) {
            // Agreed extensions have taken their bits out.
            refuse(session, CloseReason.PROTOCOL_ERROR);
        } else if (frame instanceof TextWebSocketFrame || frame instanceof ContinuationWebSocketFrame) {
            part(session, frame);
        } else if (frame instanceof BinaryWebSocketFrame) {
            refuse(session, CloseReason.NOT_ACCEPTABLE);
        } else if (frame instanceof PingWebSocketFrame) {
            ping(frame.content().retain());
        } else if (frame instanceof PongWebSocketFrame) {
            // Nobody asks for pongs: the heartbeat is a data frame.
            session.controlFrame();
        }
    }

    /** Puts the parts of a message together, as long as it is not too big. */
    private void part(ProtocolSession session, WebSocketFrame frame) {
        ByteBuf content = frame.content();
        ByteArrayOutputStream message = this.message;
        int size = content.readableBytes() + (message == null ? 0 : message.size());
        if (size > this.opening.maxFrameSize()) {
            this.message = null;
            refuse(session, CloseReason.TOO_BIG);
            return;
        }
        if (frame.isFinalFragment() && message == null) {
            String text = content.toString(StandardCharsets.UTF_8);
            // What is malformed was replaced; a client may also send the replacement itself.
            if (text.indexOf(REPLACEMENT) < 0 || ByteBufUtil.isText(content, StandardCharsets.UTF_8)) {
                session.receive(text);
            } else {
                refuse(session, CloseReason.NOT_UTF8);
            }
            return;
        }
        if (message == null) {
            message = new ByteArrayOutputStream(2 * size);
            this.message = message;
        }
        message.writeBytes(ByteBufUtil.getBytes(content));
        if (frame.isFinalFragment()) {
            this.message = null;
            part(session, new TextWebSocketFrame(Unpooled.wrappedBuffer(message.toByteArray())));
        }
    }

    private static void refuse(ProtocolSession session, CloseReason reason) {
        session.connection().close(reason);
    }

    /** Of the pings that come before there was an answer, the last one is answered (RFC 6455, section 5.5.3). */
    private void ping(ByteBuf payload) {
        ReferenceCountUtil.release(this.nextPong);
        this.nextPong = payload;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        pong(ctx);
        ctx.fireChannelReadComplete();
    }

    /** One answer is in flight: a peer that pings and does not read makes no more than one wait. */
    private void pong(ChannelHandlerContext ctx) {
        ByteBuf payload = this.nextPong;
        if (payload == null || this.pongPending) {
            return;
        }
        this.nextPong = null;
        this.pongPending = true;
        ctx.writeAndFlush(new PongWebSocketFrame(payload)).addListener(done -> {
            this.pongPending = false;
            if (done.isSuccess()) {
                pong(ctx);
            }
        });
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended(CloseReason.ABNORMAL);
        if (this.transport != null) {
            this.transport.ended();
        }
        ReferenceCountUtil.release(this.nextPong);
        this.nextPong = null;
        this.message = null;
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
        // The decoder has answered already; what clients do wrong is no news for an operator.
        logger.debug("WebSocket channel {} failed", ctx.channel().id(), failure);
        if (failure instanceof CorruptedWebSocketFrameException corrupted) {
            ended(new CloseReason(corrupted.closeStatus().code(), "", false));
            if (this.transport != null) {
                this.transport.closedByDecoder();
            }
            return;
        }
        ProtocolSession session = this.session;
        if (failure instanceof DecompressionException inflating && session != null) {
            String said = String.valueOf(inflating.getMessage());
            refuse(session, said.contains(TOO_LARGE) ? CloseReason.TOO_BIG : CloseReason.NOT_UTF8);
            return;
        }
        ctx.close();
    }

    /** Leads to exactly one call of {@link ProtocolSession#closed}. */
    private void ended(CloseReason reason) {
        if (this.ended) {
            return;
        }
        this.ended = true;
        if (this.session != null) {
            this.session.closed(reason);
        }
        if (this.webSession != null) {
            this.webSession.remove();
        }
    }
}
