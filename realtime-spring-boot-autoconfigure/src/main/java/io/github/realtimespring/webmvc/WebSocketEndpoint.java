package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.protocol.Admission;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSession;
import io.github.realtimespring.protocol.ProtocolSessions;
import jakarta.servlet.http.HttpSession;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket: joins the container's session, the transport and the protocol session. The container calls one method at
 * a time, but for {@link #onClose}, which runs on whatever thread ends the session.
 */
final class WebSocketEndpoint extends Endpoint {

    private static final Logger logger = LoggerFactory.getLogger(WebSocketEndpoint.class);

    /** Per session and never container-wide: the application's own endpoints keep theirs. */
    static final int BUFFER = 8 << 10;

    /** How long the container may block one of its threads to answer a ping or a close of a peer that does not read. */
    private static final long ANSWER_TIMEOUT_MILLIS = 2_000;

    /**
     * How long it may block one to answer a violation while a message is in flight. Tomcat looks every 50 ms whether it still
     * is, so with its default of 50 a client that errs right after it got a message would see 1006.
     */
    private static final long VIOLATION_TIMEOUT_MILLIS = 1_000;

    /** How long a session is kept for the peer's close after ours has been sent. */
    private static final long CLOSE_HANDSHAKE_MILLIS = 10_000;

    private static final String CLOSE_HANDSHAKE_TIMEOUT = "org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT";

    private final ProtocolSessions sessions;
    private final WebSocketThreads threads;
    private final int maxFrameSize;
    private final HttpSessionConnections httpSessions;
    private final AtomicBoolean ended = new AtomicBoolean();
    private @Nullable Opening opening;
    private Supplier<@Nullable SessionSocket> socket;
    private volatile @Nullable ProtocolSession session;
    private volatile HttpSessionConnections.@Nullable Entry httpSession;

    /**
     * What the handshake found out.
     *
     * @param admission who it is, or why it is closed at once
     * @param httpSession the session that authenticated it, or {@code null}
     */
    record Opening(Admission admission, @Nullable HttpSession httpSession) {}

    WebSocketEndpoint(
            Opening opening,
            Supplier<@Nullable SessionSocket> socket,
            ProtocolSessions sessions,
            WebSocketThreads threads,
            int maxFrameSize,
            HttpSessionConnections httpSessions) {
        this.opening = opening;
        this.socket = socket;
        this.sessions = sessions;
        this.threads = threads;
        this.maxFrameSize = maxFrameSize;
        this.httpSessions = httpSessions;
    }

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        Opening opening = this.opening;
        this.opening = null;
        session.setMaxIdleTimeout(0);
        session.setMaxTextMessageBufferSize(BUFFER);
        session.setMaxBinaryMessageBufferSize(BUFFER);
        Map<String, Object> properties = session.getUserProperties();
        properties.put(WebSocketTransport.BLOCKING_TIMEOUT, ANSWER_TIMEOUT_MILLIS);
        properties.put(WebSocketTransport.CLOSE_TIMEOUT, VIOLATION_TIMEOUT_MILLIS);
        properties.put(CLOSE_HANDSHAKE_TIMEOUT, CLOSE_HANDSHAKE_MILLIS);
        // An extension changes what is in a frame: then the container has to make it.
        SessionSocket socket = session.getNegotiatedExtensions().isEmpty() ? this.socket.get() : null;
        this.socket = () -> null;
        WebSocketTransport transport = new WebSocketTransport(session, socket, this.threads, this::ended);
        Handshake handshake = opening == null ? null : opening.admission().handshake();
        if (opening == null || handshake == null) {
            CloseReason refusal = opening == null ? null : opening.admission().refusal();
            transport.close(refusal == null ? CloseReason.SERVER_ERROR : refusal);
            return;
        }
        try {
            open(session, handshake, transport);
        } catch (RuntimeException ex) {
            logger.error("Opening a WebSocket session failed", ex);
            transport.close(CloseReason.SERVER_ERROR);
            return;
        }
        if (opening.httpSession() != null) {
            endWith(opening.httpSession());
        }
    }

    private void open(Session session, Handshake handshake, WebSocketTransport transport) {
        ProtocolSession opened = this.sessions.open(handshake, transport);
        this.session = opened;
        if (this.ended.get()) {
            // The first send failed before there was a session to tell.
            opened.closed(CloseReason.ABNORMAL);
        }
        session.addMessageHandler(
                String.class,
                new TextAssembly(
                        this.maxFrameSize,
                        opened::receive,
                        () -> opened.connection().close(CloseReason.TOO_BIG)));
        MessageHandler.Partial<ByteBuffer> binary =
                (part, last) -> opened.connection().close(CloseReason.NOT_ACCEPTABLE);
        session.addMessageHandler(ByteBuffer.class, binary);
        // Nobody asks for pongs: the heartbeat is a data frame.
        MessageHandler.Whole<PongMessage> pong = message -> opened.controlFrame();
        session.addMessageHandler(PongMessage.class, pong);
    }

    private void endWith(HttpSession httpSession) {
        ProtocolSession session = this.session;
        if (session == null) {
            return;
        }
        HttpSessionConnections.Entry entry = this.httpSessions.add(httpSession, session.connection());
        this.httpSession = entry;
        if (this.ended.get()) {
            entry.remove();
        }
    }

    @Override
    public void onClose(Session session, jakarta.websocket.CloseReason reason) {
        String text = reason.getReasonPhrase();
        ended(new CloseReason(reason.getCloseCode().getCode(), text == null ? "" : "closed by the peer", false));
        SessionAbort.afterClose(session, reason.getCloseCode().getCode(), false);
    }

    /** Leads to exactly one call of {@link ProtocolSession#closed}. */
    private void ended(CloseReason reason) {
        if (!this.ended.compareAndSet(false, true)) {
            return;
        }
        ProtocolSession session = this.session;
        if (session != null) {
            session.closed(reason);
        }
        HttpSessionConnections.Entry entry = this.httpSession;
        if (entry != null) {
            entry.remove();
        }
    }

    @Override
    public void onError(Session session, Throwable failure) {
        // The container ends the session itself; what clients do wrong is no news for an operator.
        logger.debug("WebSocket session {} failed", session.getId(), failure);
    }
}
