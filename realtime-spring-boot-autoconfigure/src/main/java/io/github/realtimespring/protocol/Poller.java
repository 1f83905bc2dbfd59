package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client that polls: a connection whose transport is the poll that waits, or none for a while.
 *
 * <p>An answer may be lost on its way. Each has a number, in its cursor; a poll that has not seen the last one is given it
 * again, so that no event is lost between two polls.
 *
 * <p>Answers keep a distance: what happens within {@link Polls#spacing} of an answer is told together at its end. A client
 * that polls again at once so never polls faster than that, however busy its rooms are, and what comes after a pause is
 * told at once.
 *
 * <h2>Concurrency</h2>
 *
 * Every field is guarded by this object's monitor, a leaf: neither the queue nor an answer is called with it held. The
 * queue wakes the transport once until {@link SendQueue#poll} has answered {@code null}: {@code ready} holds that drain
 * while nobody has it, and who takes it out is the only one that polls the queue and moves {@code position}. While the
 * poller is {@code held}, a turn comes at {@code heldUntil}, which is not after the deadline of the poll.
 */
final class Poller implements ConnectionTransport {

    /** Bytes of frames in one answer, unless the first alone is larger. */
    private static final int MAX_ANSWER = 64 << 10;

    /** Bytes of an answer that is followed by the next without a pause. */
    private static final int FULL_ANSWER = MAX_ANSWER / 2;

    private static final CloseReason GONE = new CloseReason(1001, "no poll came", false);

    private final Polls polls;
    private final StreamRooms rooms;
    private final StreamPosition position;
    private final boolean resuming;
    private @Nullable ProtocolSession session;
    private @Nullable InboundRate rate;
    private @Nullable SendQueue ready;
    /** The poll that waits. */
    private @Nullable Consumer<HttpAnswer> waiting;

    private long deadline;
    private long lastSeen;
    /** Whether every room has been joined or refused. */
    private boolean joined;

    private long answers;
    /** What the client was told last, until it says that it has it. */
    private @Nullable HttpAnswer unconfirmed;

    /** When the next answer may be given, once there was one. */
    private long spaced;

    private boolean held;
    /** When the turn comes that this poller is held for. */
    private long heldUntil;

    private String cursor = "";
    private @Nullable CloseReason ended;

    /** @param resuming whether the client goes on from a position, and has to be told if that is gone */
    Poller(Polls polls, StreamRooms rooms, boolean resuming) {
        this.polls = polls;
        this.rooms = rooms;
        this.resuming = resuming;
        this.position = StreamPosition.of(rooms);
    }

    /** Opens the connection for its first poll. */
    void open(Handshake handshake, @Nullable String name, Duration wait, Consumer<HttpAnswer> answer) {
        ProtocolSessions sessions = this.polls.sessions();
        ProtocolSession opened = sessions.openStream(handshake, this, this.rooms, name);
        ProtocolSettings settings = sessions.settings();
        CloseReason over;
        synchronized (this) {
            long now = now();
            this.session = opened;
            this.rate = this.polls.rate();
            this.cursor =
                    new PollCursor(this.position.toString(), opened.connection().id(), 0).toString();
            this.waiting = answer;
            this.lastSeen = now;
            this.spaced = now;
            this.deadline =
                    now + Math.max(wait.toNanos(), settings.handlerTimeout().toNanos());
            over = this.ended;
        }
        this.polls.add(this);
        if (over != null) {
            end(over);
            return;
        }
        // Behind the joins, which are done one after the other.
        opened.mailbox().offer(new Joined());
    }

    boolean belongsTo(Identity identity) {
        Identity own = connection().identity();
        return Objects.equals(own.user(), identity.user()) && Objects.equals(own.tenant(), identity.tenant());
    }

    Connection connection() {
        return session().connection();
    }

    private synchronized ProtocolSession session() {
        return Objects.requireNonNull(this.session, "not open");
    }

    private long now() {
        return this.polls.sessions().runtime().ticker().nanos();
    }

    /** Serves a poll after the first. */
    void poll(StreamRooms rooms, long seen, Handshake handshake, Duration wait, Consumer<HttpAnswer> answer) {
        if (!this.rooms.sameRooms(rooms)) {
            throw Polls.otherRooms();
        }
        Consumer<HttpAnswer> superseded = null;
        HttpAnswer now = null;
        synchronized (this) {
            InboundRate rate = Objects.requireNonNull(this.rate);
            if (rate.take(now()) != InboundRate.Verdict.WITHIN) {
                throw Polls.tooMany(rate);
            }
            this.lastSeen = now();
            if (seen == this.answers) {
                this.unconfirmed = null;
            } else if (seen != this.answers - 1 || this.unconfirmed == null) {
                throw superseded();
            } else {
                now = this.unconfirmed;
            }
            superseded = this.waiting;
            this.waiting = null;
            if (now == null && this.ended != null) {
                now = farewell(this.ended);
            }
            if (now == null) {
                this.waiting = answer;
                this.deadline = this.lastSeen + wait.toNanos();
            }
        }
        if (superseded != null) {
            superseded.accept(HttpAnswer.of(Problem.of(superseded())));
        }
        if (now != null) {
            answer.accept(now);
            return;
        }
        session().renew(handshake.principal(), handshake.expiresAt());
        turn();
    }

    private static RealtimeException superseded() {
        return new RealtimeException(ErrorCode.CONFLICT, "another poll has taken over");
    }

    @Override
    public void wakeUp(SendQueue queue) {
        synchronized (this) {
            this.ready = queue;
            if (this.waiting == null || !this.joined) {
                return;
            }
        }
        this.polls.turns().soon(this);
    }

    /** Answers the poll that waits with what the queue has, unless it is too soon after the answer before. */
    void turn() {
        SendQueue queue = null;
        long due;
        synchronized (this) {
            long now = now();
            if (this.held && now - this.heldUntil >= 0) {
                this.held = false;
            }
            if (this.waiting == null || !this.joined || this.ready == null) {
                return;
            }
            due = this.spaced - this.deadline < 0 ? this.spaced : this.deadline;
            if (!connection().isOpen()) {
                // The end that waits behind what the queue has is not held up.
                due = now;
            }
            if (now - due >= 0) {
                queue = this.ready;
                this.ready = null;
            } else if (this.held && this.heldUntil - due <= 0) {
                return;
            } else {
                // Without a wake-up for each event that comes until then: the drain stays with us.
                this.held = true;
                this.heldUntil = due;
            }
        }
        if (queue == null) {
            this.polls.turns().at(due, this);
            return;
        }
        List<Frame> frames = queue.poll(MAX_ANSWER);
        if (frames == null) {
            return;
        }
        // An answer holds its frames itself; with it the queue may be polled again.
        queue.written();
        Consumer<HttpAnswer> waiting;
        HttpAnswer answer;
        synchronized (this) {
            frames.forEach(this.position::follow);
            answer = answer(frames);
            waiting = this.waiting;
            this.waiting = null;
            this.lastSeen = now();
            // A full answer has more behind it, a replay for example, of which a queue is filled half.
            boolean full = answer.body().length >= FULL_ANSWER || frames.size() * 2 >= this.polls.queueBound();
            this.spaced =
                    full ? this.lastSeen : this.lastSeen + this.polls.spacing().toNanos();
            // The rest, or nothing, is for the next poll.
            this.ready = queue;
        }
        if (waiting != null) {
            waiting.accept(answer);
        }
        turn();
    }

    /** Under the monitor. */
    private HttpAnswer answer(List<Frame> frames) {
        this.answers++;
        this.cursor = new PollCursor(this.position.toString(), connection().id(), this.answers).toString();
        List<byte[]> parts = new ArrayList<>(frames.size() * 2 + 2);
        parts.add(("{\"cursor\":\"" + this.cursor + "\",\"frames\":[").getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < frames.size(); i++) {
            if (i > 0) {
                parts.add(new byte[] {','});
            }
            parts.add(frames.get(i).bytes());
        }
        parts.add(new byte[] {']', '}'});
        HttpAnswer answer = HttpAnswer.json(200, SseText.concat(parts));
        this.unconfirmed = answer;
        return answer;
    }

    private HttpAnswer farewell(CloseReason reason) {
        return answer(List.of(session().farewell(reason)));
    }

    /** Answers polls that have waited long enough, and lets go of a client that does not come back. */
    void visit(long now) {
        Consumer<HttpAnswer> idle = null;
        String cursor;
        boolean gone;
        synchronized (this) {
            // A connection that ends joins nothing more.
            this.joined |= !connection().isOpen();
        }
        turn();
        synchronized (this) {
            cursor = this.cursor;
            if (this.waiting != null && !this.held && now - this.deadline >= 0) {
                idle = this.waiting;
                this.waiting = null;
                this.lastSeen = now;
            }
            gone = this.waiting == null
                    && now - this.lastSeen > this.polls.linger().toNanos();
        }
        letGo();
        if (idle != null) {
            idle.accept(HttpAnswer.nothing(ClientHeaders.CURSOR, cursor));
        }
        if (gone) {
            connection().close(GONE);
            this.polls.remove(this);
        }
    }

    /** A connection that ends while no poll waits ends now: a poll that comes later goes on from the history. */
    private void letGo() {
        SendQueue left;
        synchronized (this) {
            if (this.waiting != null || this.ready == null || connection().isOpen()) {
                return;
            }
            left = this.ready;
            this.ready = null;
        }
        while (left.poll(MAX_ANSWER) != null) {
            left.written();
        }
    }

    /** Ends what waits at once; a client that must not come back unchanged is told so once more if it does. */
    @Override
    public void close(CloseReason reason) {
        boolean open;
        synchronized (this) {
            this.ended = reason;
            open = this.session != null;
        }
        if (open) {
            end(reason);
        }
    }

    private void end(CloseReason reason) {
        Consumer<HttpAnswer> waiting;
        HttpAnswer answer = null;
        synchronized (this) {
            waiting = this.waiting;
            this.waiting = null;
            if (waiting != null) {
                answer = farewell(reason);
            }
        }
        session().closed(reason);
        if (reason.code() < 4400 || reason.code() >= 4500) {
            this.polls.remove(this);
        }
        if (waiting != null && answer != null) {
            waiting.accept(answer);
        }
    }

    /** The position that the client wanted to go on from is gone. */
    private void gone() {
        Consumer<HttpAnswer> waiting;
        synchronized (this) {
            waiting = this.waiting;
            this.waiting = null;
        }
        // At once: what waits in the queue is for nobody, and nobody would take it out.
        connection().close(CloseReason.NORMAL.abrupt());
        this.polls.remove(this);
        if (waiting != null) {
            waiting.accept(HttpAnswer.of(
                    Problem.of(ErrorCode.NOT_FOUND, "the position is gone: reload the state, poll without a cursor")
                            .withStatus(410)));
        }
    }

    private void joinedAll() {
        if (this.resuming && session().lostPosition()) {
            gone();
            return;
        }
        synchronized (this) {
            this.joined = true;
        }
        turn();
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "poll";
    }

    /** A poller is gone when no poll came for a while. */
    @Override
    public Heartbeat heartbeat() {
        return Heartbeat.NONE;
    }

    /** Runs when every join before it has been answered. */
    private final class Joined extends Mailbox.Item {

        @Override
        CompletionStage<?> run() {
            joinedAll();
            return Stages.DONE;
        }

        @Override
        void timedOut() {}

        @Override
        void refused() {
            joinedAll();
        }
    }
}
