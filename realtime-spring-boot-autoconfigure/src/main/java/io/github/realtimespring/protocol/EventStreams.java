package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RoomStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens event streams for either web stack (PROTOCOL, SSE): which rooms a request names, from where it goes on, and what
 * is written for it. Thread-safe; nothing here waits.
 *
 * @since 0.1.0
 */
public final class EventStreams {

    static final String LAST_EVENT_ID = "Last-Event-ID";

    /** The id of a stream's last frame when its client must not come back unchanged. */
    static final String STOP = "stop";

    private final ProtocolSessions sessions;

    public EventStreams(ProtocolSessions sessions) {
        this.sessions = sessions;
    }

    /**
     * Whether the request is the reconnect of an {@code EventSource} whose stream ended with a code that says not to:
     * answered by 204, which stops it for good.
     */
    public boolean isOver(HandshakeRequest request) {
        return STOP.equals(request.header(LAST_EVENT_ID));
    }

    /**
     * The stream that a request to {@code <base-path>/sse} asks for.
     *
     * @throws RealtimeException {@code bad-request} if it names no rooms, too many, or what is not a room
     */
    public EventStream stream(Handshake handshake, HandshakeRequest request) {
        Query query = Query.of(request.uri());
        StreamRooms rooms = StreamRooms.parse(
                query.all("room"), query.all("presence"), handshake.identity().tenant());
        return stream(handshake, request, query, rooms);
    }

    /**
     * The stream that a controller of the application returned, in the tenant of the request.
     *
     * @throws RealtimeException {@code bad-request} if there are no rooms, too many, or one is there twice
     */
    public EventStream stream(Handshake handshake, HandshakeRequest request, RoomStream stream) {
        String tenant = handshake.identity().tenant();
        List<RoutingKey> keys = stream.rooms().stream()
                .map(name -> new RoutingKey(RoutingKey.Kind.ROOM, tenant, name))
                .toList();
        return stream(handshake, request, Query.of(request.uri()), StreamRooms.of(keys));
    }

    private EventStream stream(Handshake handshake, HandshakeRequest request, Query query, StreamRooms rooms) {
        if (rooms.size() > this.sessions.settings().maxRooms()) {
            throw new RealtimeException(
                    ErrorCode.LIMIT,
                    "a connection joins at most " + this.sessions.settings().maxRooms() + " rooms");
        }
        String last = request.header(LAST_EVENT_ID);
        String asked = last != null ? last : query.one("last-event-id");
        StreamRooms from = asked == null || asked.isEmpty() ? rooms : rooms.from(position(rooms, asked));
        return new EventStream(this.sessions, handshake, from, request.header(ClientHeaders.SESSION));
    }

    /** A position that is not one of these rooms is one that cannot be gone on from. */
    private static StreamPosition position(StreamRooms rooms, @Nullable String text) {
        return StreamPosition.parse(rooms, text == null ? "" : text).orElseGet(() -> StreamPosition.lost(rooms));
    }
}
