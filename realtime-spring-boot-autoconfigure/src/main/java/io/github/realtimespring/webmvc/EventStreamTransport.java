package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.ProtocolSession;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Drains one connection's queue into one event stream: what waits goes out as one write, one write is in flight at a time,
 * and no thread ever waits for the peer (SPEC §4, DESIGN decision 9).
 *
 * <h2>Concurrency</h2>
 *
 * The queue wakes the transport once and not again before {@link SendQueue#poll} has answered {@code null}, so there is
 * one drain at a time. It is passed on from the sender that began it to the container's thread that reports a write as
 * done, and waits in {@code parked} while there is no response yet. The fields are under this object's monitor, a leaf.
 */
final class EventStreamTransport implements ConnectionTransport, AsyncResponse.Owner, Runnable {

    /** Bytes of frames joined into one write. */
    private static final int MAX_WRITE = 32 << 10;

    /** Writes that one turn makes before other connections have theirs. */
    private static final int WRITES_PER_TURN = 4;

    /** How long a peer that took everything before may take for the last frame. */
    private static final long FAREWELL_MILLIS = 1_000;

    private final EventStream stream;
    private final WebSocketThreads threads;
    private final HttpSessionConnections httpSessions;
    private volatile @Nullable SendQueue queue;
    private volatile @Nullable AsyncResponse response;
    private @Nullable ProtocolSession session;
    private @Nullable CloseReason closing;
    private boolean parked;
    private boolean ended;
    private HttpSessionConnections.@Nullable Entry httpSession;

    EventStreamTransport(EventStream stream, WebSocketThreads threads, HttpSessionConnections httpSessions) {
        this.stream = stream;
        this.threads = threads;
        this.httpSessions = httpSessions;
    }

    /**
     * Answers a request with the stream, on the container's thread.
     *
     * @param httpSession the session that authenticated it, or {@code null}
     * @throws io.github.realtimespring.RealtimeException if the connection is not admitted; nothing was answered
     */
    void begin(HttpServletRequest request, HttpServletResponse response, @Nullable HttpSession httpSession)
            throws IOException {
        ProtocolSession session = this.stream.open(this);
        AsyncResponse async;
        try {
            response.setStatus(HttpServletResponse.SC_OK);
            response.setContentType(EventStream.MEDIA_TYPE);
            response.setCharacterEncoding("UTF-8");
            response.setHeader("Cache-Control", "no-store, no-transform");
            // A proxy that collects a response would keep this one for good.
            response.setHeader("X-Accel-Buffering", "no");
            async = AsyncResponse.start(request, response, this.stream.preamble(), Duration.ZERO, this.threads, this);
        } catch (IOException | RuntimeException ex) {
            session.closed(CloseReason.SERVER_ERROR);
            throw ex;
        }
        if (httpSession != null) {
            endWith(httpSession, session);
        }
        boolean over;
        boolean parked;
        CloseReason closing;
        synchronized (this) {
            this.session = session;
            this.response = async;
            over = this.ended;
            parked = this.parked;
            closing = this.closing;
        }
        if (over) {
            session.closed(CloseReason.ABNORMAL);
        } else if (closing != null) {
            end(async, closing);
        } else if (parked) {
            this.threads.send(this);
        }
    }

    private void endWith(HttpSession httpSession, ProtocolSession session) {
        HttpSessionConnections.Entry entry = this.httpSessions.add(httpSession, session.connection());
        boolean over;
        synchronized (this) {
            this.httpSession = entry;
            over = this.ended;
        }
        if (over) {
            entry.remove();
        }
    }

    @Override
    public void wakeUp(SendQueue queue) {
        synchronized (this) {
            this.queue = queue;
            if (this.response == null) {
                this.parked = true;
                return;
            }
        }
        this.threads.send(this);
    }

    /** One turn: a few writes, then other connections have theirs. */
    @Override
    public void run() {
        SendQueue queue = this.queue;
        AsyncResponse response = this.response;
        if (queue == null || response == null) {
            return;
        }
        for (int writes = 0; writes < WRITES_PER_TURN; writes++) {
            List<Frame> batch = queue.poll(MAX_WRITE);
            if (batch == null || response.write(this.stream.encode(batch)) != AsyncResponse.Written.DONE) {
                return;
            }
            queue.written();
        }
        this.threads.send(this);
    }

    @Override
    public void writable() {
        SendQueue queue = this.queue;
        if (queue != null) {
            queue.written();
            this.threads.send(this);
        }
    }

    /** What is still in flight is stuck, for a graceful close comes after it: then there is nothing to be said. */
    @Override
    public void close(CloseReason reason) {
        AsyncResponse response;
        synchronized (this) {
            this.closing = reason;
            response = this.response;
        }
        if (response != null) {
            end(response, reason);
        }
    }

    private void end(AsyncResponse response, CloseReason reason) {
        if (response.isPending()) {
            response.abort();
        } else {
            response.finish(this.stream.farewell(reason), FAREWELL_MILLIS);
        }
    }

    @Override
    public void ended() {
        ProtocolSession session;
        CloseReason closing;
        HttpSessionConnections.Entry entry;
        synchronized (this) {
            this.ended = true;
            session = this.session;
            closing = this.closing;
            entry = this.httpSession;
        }
        if (entry != null) {
            entry.remove();
        }
        if (session != null) {
            session.closed(closing == null ? CloseReason.ABNORMAL : closing);
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
