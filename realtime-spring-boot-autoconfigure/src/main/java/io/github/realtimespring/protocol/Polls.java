package io.github.realtimespring.protocol;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import java.time.Duration;
import java.util.List;
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
 * its last answer. A client is here for a while after a single request, which costs it nothing: so polls that open a
 * connection have a rate too, that of whoever asks.
 *
 * @since 0.1.0
 */
public final class Polls {

    private static final int MAX_OPENERS = 100_000;

    private final ProtocolSessions sessions;
    /** Who opens connections, and how many more. */
    private final Cache<String, InboundRate> openers;

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
        this.openers = Caffeine.newBuilder()
                .maximumSize(MAX_OPENERS)
                .expireAfterAccess(sessions.settings().sessionWindow())
                .ticker(sessions.runtime().ticker()::nanos)
                .build();
        sessions.onVisit(now -> this.pollers.values().forEach(poller -> poller.visit(now)));
    }

    /**
     * Serves one poll. The origin is checked before, and {@code handshake} is that of this very request.
     *
     * @param address tells anonymous clients without a session apart
     * @param refusal why a connection could not be opened now, or {@code null}; a poll that goes on with one is served
     * @param answer called exactly once, on any thread
     * @return the connection that the poll belongs to; {@code null} if it was refused
     */
    public @Nullable Connection poll(
            Handshake handshake,
            HandshakeRequest request,
            @Nullable String address,
            @Nullable Problem refusal,
            Consumer<HttpAnswer> answer) {
        try {
            return serve(handshake, request, address, refusal, answer);
        } catch (RealtimeException ex) {
            answer.accept(HttpAnswer.of(Problem.of(ex)));
            return null;
        }
    }

    private @Nullable Connection serve(
            Handshake handshake,
            HandshakeRequest request,
            @Nullable String address,
            @Nullable Problem refusal,
            Consumer<HttpAnswer> answer) {
        Query query = Query.of(request.uri());
        StreamRooms rooms = StreamRooms.parse(
                query.all("room"), query.all("presence"), handshake.identity().tenant());
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
        opens(handshake.identity(), request.header(ClientHeaders.SESSION), address);
        StreamRooms from = cursor == null ? rooms : rooms.from(position(rooms, cursor.position()));
        Poller poller = new Poller(this, from, cursor != null || hasSince(rooms));
        poller.open(handshake, request.header(ClientHeaders.SESSION), wait, answer);
        return poller.connection();
    }

    private void opens(Identity identity, @Nullable String session, @Nullable String address) {
        String scope = this.sessions.names().scope(identity, session, address);
        InboundRate rate = this.openers.get(identity.tenant() + "/" + scope, none -> rate());
        if (rate.take(this.sessions.runtime().ticker().nanos()) != InboundRate.Verdict.WITHIN) {
            throw tooMany(rate);
        }
    }

    /** One client's, full. */
    InboundRate rate() {
        ProtocolSettings settings = this.sessions.settings();
        return new InboundRate(
                settings.inboundRate(),
                settings.inboundBurst(),
                this.sessions.runtime().ticker().nanos());
    }

    static RealtimeException tooMany(InboundRate rate) {
        return new RealtimeException(
                ErrorCode.RATE_LIMITED, "too many polls", true, rate.retryAfter(), List.of(), null);
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

    /** Clients that wait for a thread, or for the distance that their answers keep; at most one or two for each. */
    public int pending() {
        return this.turns.pending();
    }

    /** Shortest time between two answers of one client. */
    Duration spacing() {
        return this.spacing;
    }

    /** Frames that may wait for one client. */
    int queueBound() {
        return this.sessions.settings().queue().maxMessages();
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
