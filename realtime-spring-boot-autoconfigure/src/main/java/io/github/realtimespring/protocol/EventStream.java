package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * One event stream: what its transport writes (PROTOCOL, SSE). {@code retry} comes first, then the frames of the queue,
 * and at the end {@code goaway} with the code that a WebSocket would have been closed with.
 *
 * <p>{@link #open} is called once, {@link #encode} by the one drain of the queue; everything else may be called from
 * anywhere.
 *
 * @since 0.1.0
 */
public final class EventStream {

    public static final String MEDIA_TYPE = "text/event-stream";

    /** Added to the shortest delay, so that clients of a node that is lost do not come back all at once. */
    private static final long RETRY_JITTER_MILLIS = 2_000;

    private final ProtocolSessions sessions;
    private final Handshake handshake;
    private final StreamRooms rooms;
    private final StreamPosition position;
    private final @Nullable String session;
    private volatile @Nullable ProtocolSession opened;

    EventStream(ProtocolSessions sessions, Handshake handshake, StreamRooms rooms, @Nullable String session) {
        this.sessions = sessions;
        this.handshake = handshake;
        this.rooms = rooms;
        this.position = StreamPosition.of(rooms);
        this.session = session;
    }

    /**
     * Opens the session and begins to join the rooms; {@code transport} may be woken before this returns.
     *
     * @throws io.github.realtimespring.RealtimeException if the connection is not admitted: nothing has been woken, and the
     *     request is answered with a {@link Problem}
     */
    public ProtocolSession open(ConnectionTransport transport) {
        ProtocolSession session = this.sessions.openStream(this.handshake, transport, this.rooms, this.session);
        this.opened = session;
        return session;
    }

    /** What the response begins with. */
    public byte[] preamble() {
        long millis = this.sessions.settings().reconnectMin().toMillis()
                + ThreadLocalRandom.current().nextLong(RETRY_JITTER_MILLIS);
        return SseText.ascii("retry: " + millis + "\n\n");
    }

    /**
     * Whether every stream that says so encodes the same frames as the same bytes, so that a transport may make them once:
     * the id of a stream of one room is the frame's cursor, that of several is the stream's own.
     */
    public boolean sharesText() {
        return this.rooms.size() == 1;
    }

    /** A batch of the queue; not to be written to, the bytes of a single frame are shared. */
    public byte[] encode(List<Frame> frames) {
        return SseText.encode(frames, this.position, this.rooms.size() == 1);
    }

    /** What the response ends with. */
    public byte[] farewell(CloseReason reason) {
        ProtocolSession session = Objects.requireNonNull(this.opened, "not open");
        StringBuilder head = new StringBuilder();
        if (reason.code() >= 4400 && reason.code() < 4500) {
            head.append("id: ").append(EventStreams.STOP).append('\n');
        }
        Duration reconnectAfter = session.reconnectAfter();
        if (reconnectAfter != null) {
            head.append("retry: ").append(reconnectAfter.toMillis()).append('\n');
        }
        return SseText.encode(head.toString(), session.farewell(reason));
    }
}
