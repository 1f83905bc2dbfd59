package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.TextMessages;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
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
 * message is in flight at a time, and no thread ever waits for the peer (SPEC §4, DESIGN decision 9). Messages go to the
 * session's socket where the container lets them ({@code docs/decisions/0009-direct-writes-on-tomcat.md}), else through
 * its asynchronous remote ({@code docs/decisions/0005-servlet-sends.md}).
 *
 * <h2>Concurrency</h2>
 *
 * The queue wakes the transport once and not again before {@link SendQueue#poll} has answered {@code null}, so there is
 * one drain at a time. It is passed on between threads: from the sender that began it to the container's thread that
 * reports a message as sent. A direct write tells by its result whether there will be such a report. With the remote,
 * {@code phase} decides who goes on when the report comes before {@code sendText} has returned, on the same stack or on
 * another thread: then the sender loops, and the stack does not grow.
 */
final class WebSocketTransport implements ConnectionTransport, SendHandler, SessionSocket.Completion, Runnable {

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

    /** How long the container may take to close a session whose write failed. */
    private static final long GRACE_MILLIS = 250;

    /** How long to leave the socket to a frame of the container. */
    private static final long BUSY_MILLIS = 5;

    private final Session session;
    private final @Nullable SessionSocket socket;
    private final WebSocketThreads threads;
    private final Consumer<CloseReason> ended;
    private final AtomicInteger phase = new AtomicInteger();
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile @Nullable SendQueue queue;

    /**
     * @param socket written to directly; without one the container sends
     * @param ended told when the session can no longer be written to; leads to {@link Connection#closed}
     */
    WebSocketTransport(
            Session session, @Nullable SessionSocket socket, WebSocketThreads threads, Consumer<CloseReason> ended) {
        this.session = session;
        this.socket = socket;
        this.threads = threads;
        this.ended = ended;
    }

    /** Whether messages go to the socket and not through the container's remote. */
    boolean isDirect() {
        return this.socket != null;
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.queue = queue;
        this.threads.send(this);
    }

    @Override
    public void wakeUpNow(SendQueue queue) {
        this.queue = queue;
        if (this.socket == null) {
            this.threads.send(this);
        } else {
            run();
        }
    }

    /** One turn: a few messages, then other connections have theirs. */
    @Override
    public void run() {
        SendQueue queue = this.queue;
        if (queue == null) {
            return;
        }
        for (int messages = 0; messages < MESSAGES_PER_TURN; messages++) {
            List<Frame> batch = queue.poll(MAX_MESSAGE);
            if (batch == null) {
                return;
            }
            boolean sent = this.socket == null ? send(batch) : write(this.socket, TextMessages.encode(batch));
            if (!sent) {
                return;
            }
        }
        this.threads.send(this);
    }

    /** @return whether the message is out; if not, whoever hears of it goes on */
    private boolean write(SessionSocket socket, ByteBuffer[] message) {
        switch (socket.write(message, this)) {
            case DONE -> {
                sent();
                return true;
            }
            case BUSY -> {
                this.threads.later(BUSY_MILLIS, () -> this.threads.send(() -> writeAgain(socket, message)));
                return false;
            }
            default -> {
                return false;
            }
        }
    }

    private void writeAgain(SessionSocket socket, ByteBuffer[] message) {
        if (write(socket, message)) {
            this.threads.send(this);
        }
    }

    @Override
    public void written() {
        sent();
        this.threads.send(this);
    }

    private void sent() {
        SendQueue queue = this.queue;
        if (queue != null) {
            queue.written();
        }
    }

    /** @return whether the message was reported as sent before {@code sendText} had returned */
    private boolean send(List<Frame> batch) {
        this.phase.set(CALLING);
        try {
            this.session.getAsyncRemote().sendText(TextMessages.join(batch), this);
        } catch (RuntimeException ex) {
            failed(ex);
            return false;
        }
        return !this.phase.compareAndSet(CALLING, RETURNED);
    }

    @Override
    public void onResult(SendResult result) {
        if (!result.isOK()) {
            failed(result.getException());
            return;
        }
        sent();
        if (!this.phase.compareAndSet(CALLING, REPORTED)) {
            run();
        }
    }

    /**
     * The container keeps a session whose write failed until it is closed. It also reports failure for a message in flight
     * when it is about to answer a violation of the peer: closing at once could take the place of that answer.
     */
    @Override
    public void failed(@Nullable Throwable failure) {
        logger.debug("Sending to session {} failed", this.session.getId(), failure);
        this.ended.accept(CloseReason.ABNORMAL);
        this.threads.later(GRACE_MILLIS, () -> close(CloseReason.GOING_AWAY));
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
        SessionAbort.afterClose(session, reason.code(), !reason.graceful());
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
