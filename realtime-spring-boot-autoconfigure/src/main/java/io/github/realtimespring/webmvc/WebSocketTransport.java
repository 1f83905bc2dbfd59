package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drains one connection's queue into one {@code jakarta.websocket} session: what waits goes out as one text message, one
 * message is in flight at a time, and no thread ever waits for the peer (SPEC §4, DESIGN decision 9,
 * {@code docs/decisions/0005-servlet-sends.md}).
 *
 * <h2>Concurrency</h2>
 *
 * The queue wakes the transport once and not again before {@link SendQueue#poll} has answered {@code null}, so there is
 * one drain at a time. It is passed on between threads: from the sender that began it to the container's thread that
 * reports a message as sent. {@code phase} decides who goes on when the report comes before {@code sendText} has
 * returned, on the same stack or on another thread: then the sender loops, and the stack does not grow.
 */
final class WebSocketTransport implements ConnectionTransport, SendHandler {

    private static final Logger logger = LoggerFactory.getLogger(WebSocketTransport.class);

    /** Bytes of frames joined into one message. */
    static final int MAX_MESSAGE = 64 << 10;

    /** Messages that one turn sends before other connections have theirs. */
    private static final int MESSAGES_PER_TURN = 4;

    /** {@code sendText} has not returned and the message is not reported as sent. */
    private static final int CALLING = 0;
    /** {@code sendText} has returned: whoever gets the report goes on. */
    private static final int RETURNED = 1;
    /** The message was reported before {@code sendText} had returned: the caller goes on. */
    private static final int REPORTED = 2;

    /**
     * Tomcat's names for how long a close with a code other than 1000, and any other blocking write, may wait for a
     * message in flight; other containers ignore them.
     */
    static final String CLOSE_TIMEOUT = "org.apache.tomcat.websocket.ABNORMAL_SESSION_CLOSE_SEND_TIMEOUT";

    static final String BLOCKING_TIMEOUT = "org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT";

    private final Session session;
    private final WebSocketThreads threads;
    private final Consumer<CloseReason> ended;
    private final AtomicInteger phase = new AtomicInteger();
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile @Nullable SendQueue queue;

    /**
     * @param ended told when the session can no longer be written to; leads to {@link Connection#closed}
     */
    WebSocketTransport(Session session, WebSocketThreads threads, Consumer<CloseReason> ended) {
        this.session = session;
        this.threads = threads;
        this.ended = ended;
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.queue = queue;
        this.threads.send(this::drain);
    }

    private void drain() {
        SendQueue queue = this.queue;
        if (queue == null) {
            return;
        }
        for (int messages = 0; messages < MESSAGES_PER_TURN; messages++) {
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                return;
            }
            this.phase.set(CALLING);
            try {
                this.session.getAsyncRemote().sendText(join(batch), this);
            } catch (RuntimeException ex) {
                failed(ex);
                return;
            }
            if (this.phase.compareAndSet(CALLING, RETURNED)) {
                return;
            }
        }
        this.threads.send(this::drain);
    }

    @Override
    public void onResult(SendResult result) {
        SendQueue queue = this.queue;
        if (!result.isOK() || queue == null) {
            failed(result.getException());
            return;
        }
        queue.written();
        if (!this.phase.compareAndSet(CALLING, REPORTED)) {
            drain();
        }
    }

    private static String join(List<Frame> batch) {
        if (batch.size() == 1) {
            return batch.get(0).text();
        }
        int length = 0;
        for (Frame frame : batch) {
            length += frame.size() + 1;
        }
        StringBuilder text = new StringBuilder(length);
        for (Frame frame : batch) {
            if (!text.isEmpty()) {
                text.append('\n');
            }
            text.append(frame.text());
        }
        return text.toString();
    }

    /**
     * The container keeps a session whose write failed until it is closed. It also reports failure for a message in flight
     * when it is about to answer a violation of the peer: closing at once could take the place of that answer.
     */
    private void failed(@Nullable Throwable failure) {
        logger.debug("Sending to session {} failed", this.session.getId(), failure);
        this.ended.accept(CloseReason.ABNORMAL);
        this.threads.closeLater(() -> close(CloseReason.GOING_AWAY));
    }

    @Override
    public void close(CloseReason reason) {
        if (this.closing.compareAndSet(false, true)) {
            this.threads.close(patience -> closeSession(reason, patience));
        }
    }

    private void closeSession(CloseReason reason, long patienceMillis) {
        Session session = this.session;
        try {
            Map<String, Object> properties = session.getUserProperties();
            properties.put(CLOSE_TIMEOUT, patienceMillis);
            properties.put(BLOCKING_TIMEOUT, patienceMillis);
            session.close(new jakarta.websocket.CloseReason(
                    jakarta.websocket.CloseReason.CloseCodes.getCloseCode(reason.code()), reason.text()));
        } catch (IOException | RuntimeException ex) {
            logger.debug("Session was closed already or its peer is gone", ex);
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
