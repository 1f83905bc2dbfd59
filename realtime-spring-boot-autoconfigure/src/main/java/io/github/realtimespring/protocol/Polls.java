package io.github.realtimespring.protocol;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Long polling for either web stack (PROTOCOL, long polling). Between two polls a client's connection lives on with its
 * queue, for twice the longest wait; a poll that comes later, or to another node, goes on from the history.
 *
 * <p>Thread-safe; nothing here waits. The clients are bounded by the limit of connections, and each holds its queue and
 * its last answer.
 *
 * @since 0.1.0
 */
public final class Polls {

    private final ProtocolSessions sessions;
    private final Duration longestWait;
    private final Duration spacing;
    private final PollTurns turns;
    private final Map<ConnectionId, Poller> pollers = new ConcurrentHashMap<>();

    /**
     * @param longestWait how long a poll may wait
     * @param spacing shortest time between two answers of one client, for events that come that fast; zero for none
     * @param turns builds answers, never on the thread that delivers events; must not wait either
     */
    public Polls(ProtocolSessions sessions, Duration longestWait, Duration spacing, Executor turns) {
        this(
                sessions,
                longestWait,
                spacing,
                new PollTurns(turns, sessions.runtime().ticker()));
    }

    Polls(ProtocolSessions sessions, Duration longestWait, Executor turns) {
        this(sessions, longestWait, Duration.ZERO, turns);
    }

    Polls(ProtocolSessions sessions, Duration longestWait, Duration spacing, PollTurns turns) {
        this.sessions = sessions;
        this.longestWait = longestWait;
        this.spacing = spacing;
        this.turns = turns;
        sessions.onVisit(now -> this.pollers.values().forEach(poller -> poller.visit(now)));
    }

    /**
     * Serves one poll. The origin is checked before, and {@code handshake} is that of this very request.
     *
     * @param refusal why a connection could not be opened now, or {@code null}; a poll that goes on with one is served
     * @param answer called exactly once, on any thread
     * @return the connection that the poll belongs to; {@code null} if it was refused
     */
    public @Nullable Connection poll(
            Handshake handshake, HandshakeRequest request, @Nullable Problem refusal, Consumer<HttpAnswer> answer) {
        try {
            return serve(handshake, request, refusal, answer);
        } catch (RealtimeException ex) {
            answer.accept(HttpAnswer.of(Problem.of(ex)));
            return null;
        }
    }

    private @Nullable Connection serve(
            Handshake handshake, HandshakeRequest request, @Nullable Problem refusal, Consumer<HttpAnswer> answer) {
        Query query = Query.of(request.uri());
        StreamRooms rooms =
                StreamRooms.parse(query.all("room"), handshake.identity().tenant());
        Duration wait = waiting(query.one("wait"));
        String text = query.one("cursor");
        PollCursor cursor = text == null || text.isEmpty() ? null : PollCursor.parse(text);
        Poller known = cursor == null ? null : find(cursor, handshake);
        if (known != null && cursor != null) {
            known.poll(rooms, cursor.seen(), handshake, wait, answer);
            return known.connection();
        }
        if (refusal != null) {
            answer.accept(HttpAnswer.of(refusal));
            return null;
        }
        if (rooms.size() > this.sessions.settings().maxRooms()) {
            throw new RealtimeException(
                    ErrorCode.LIMIT,
                    "a connection joins at most " + this.sessions.settings().maxRooms() + " rooms");
        }
        StreamRooms from = cursor == null ? rooms : rooms.from(position(rooms, cursor.position()));
        Poller poller = new Poller(this, from, cursor != null || hasSince(rooms));
        poller.open(handshake, request.header(ClientHeaders.SESSION), wait, answer);
        return poller.connection();
    }

    private static boolean hasSince(StreamRooms rooms) {
        for (int i = 0; i < rooms.size(); i++) {
            if (rooms.since(i) != null) {
                return true;
            }
        }
        return false;
    }

    /** The connection that the cursor names, if it is here and is this user's. */
    private @Nullable Poller find(PollCursor cursor, Handshake handshake) {
        Poller poller = cursor.connection() == null ? null : this.pollers.get(cursor.connection());
        return poller != null && poller.belongsTo(handshake.identity()) ? poller : null;
    }

    private static StreamPosition position(StreamRooms rooms, String text) {
        return StreamPosition.parse(rooms, text).orElseThrow(Polls::otherRooms);
    }

    static RealtimeException otherRooms() {
        return new RealtimeException(ErrorCode.CONFLICT, "the cursor does not belong to these rooms");
    }

    private Duration waiting(@Nullable String text) {
        if (text == null) {
            return this.longestWait;
        }
        int digits = 0;
        while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        String unit = text.substring(digits);
        if (digits == 0 || digits > 9 || !(unit.isEmpty() || unit.equals("s") || unit.equals("ms"))) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "wait is a number of seconds, as in 25s");
        }
        long amount = Long.parseLong(text, 0, digits, 10);
        Duration wait = unit.equals("ms") ? Duration.ofMillis(amount) : Duration.ofSeconds(amount);
        return wait.compareTo(this.longestWait) < 0 ? wait : this.longestWait;
    }

    ProtocolSessions sessions() {
        return this.sessions;
    }

    Duration linger() {
        return this.longestWait.multipliedBy(2);
    }

    /** Shortest time between two answers of one client. */
    Duration spacing() {
        return this.spacing;
    }

    PollTurns turns() {
        return this.turns;
    }

    void add(Poller poller) {
        this.pollers.put(poller.connection().id(), poller);
    }

    void remove(Poller poller) {
        this.pollers.remove(poller.connection().id(), poller);
    }

    /** Clients whose queue is here. */
    int size() {
        return this.pollers.size();
    }
}
