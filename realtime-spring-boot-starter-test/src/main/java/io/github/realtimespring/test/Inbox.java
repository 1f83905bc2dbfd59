package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one client received, in order. Every frame is expected at most once: {@link #take} marks the frame it returns.
 * Guarded by its own monitor, a leaf.
 *
 * <p>Bounded by the characters it holds. When it is full, the frames that were expected are forgotten but for the latest;
 * if those that nobody expected fill it, the client ends its connection and its expectations say so.
 */
final class Inbox {

    /** How many frames a failure message shows. */
    private static final int SHOWN = 40;

    /** Characters; each frame counts some more for what holds it. */
    private static final long BOUND = 16 << 20;

    private static final int FRAME = 64;

    /** What a server of the same process sends to see what has arrived. */
    private static final String MARK = "tester-mark";

    /** What became of a frame. */
    enum Arrival {
        TAKEN,
        /** A heartbeat, to be answered. */
        PING,
        /** It is no frame, or there is no place for it: the connection is to end. */
        REFUSED
    }

    private final JsonMapper mapper;
    private final long bound;
    private final List<Received> frames = new ArrayList<>();
    private final Set<Long> marks = new HashSet<>();
    private long size;
    private long forgotten;
    private long latest = System.nanoTime();
    private @Nullable CloseReason closed;
    private @Nullable String ended;

    private static final class Received {

        private final JsonNode frame;
        private final long size;
        private boolean taken;

        Received(JsonNode frame, long size, boolean taken) {
            this.frame = frame;
            this.size = size;
            this.taken = taken;
        }
    }

    Inbox(JsonMapper mapper) {
        this(mapper, BOUND);
    }

    Inbox(JsonMapper mapper, long bound) {
        this.mapper = mapper;
        this.bound = bound;
    }

    /** Adds a frame. Nobody has to expect heartbeats and {@code welcome}. */
    Arrival add(String text) {
        JsonNode frame;
        try {
            frame = this.mapper.readTree(text);
        } catch (JacksonException ex) {
            end("The connection was ended, because the server sent what is no frame: " + text);
            return Arrival.REFUSED;
        }
        boolean ping = isOf(frame, "ping");
        synchronized (this) {
            if (this.ended != null) {
                return Arrival.TAKEN;
            }
            this.latest = System.nanoTime();
            if (isOf(frame, MARK)) {
                this.marks.add(frame.path("mark").asLong());
            } else if (!add(new Received(frame, text.length() + FRAME, ping || isOf(frame, "welcome")))) {
                end("The connection was ended, because its inbox is full: expect what is sent to it.");
                return Arrival.REFUSED;
            }
            notifyAll();
        }
        return ping ? Arrival.PING : Arrival.TAKEN;
    }

    /** Called with the monitor held. */
    private boolean add(Received received) {
        if (this.size + received.size > this.bound) {
            List<Received> old = this.frames.subList(0, Math.max(0, this.frames.size() - SHOWN));
            int before = old.size();
            old.removeIf(frame -> frame.taken);
            this.forgotten += before - old.size();
            this.size = this.frames.stream().mapToLong(frame -> frame.size).sum();
        }
        if (this.size + received.size > this.bound) {
            return false;
        }
        this.size += received.size;
        this.frames.add(received);
        return true;
    }

    /** The server has closed the connection, or it is lost. */
    synchronized void closed(CloseReason reason) {
        if (this.ended == null) {
            this.closed = reason;
            end("Closed by the server: " + reason.code() + ' ' + reason.text());
        }
    }

    /** The client has ended the connection: what is still on its way to it is not kept. */
    void disconnected() {
        end("Closed by the client.");
    }

    private synchronized void end(String how) {
        if (this.ended == null) {
            this.ended = how;
            notifyAll();
        }
    }

    /** How the connection ended; {@code null} while it is open. */
    synchronized @Nullable String ended() {
        return this.ended;
    }

    /** When the latest frame came, by {@link System#nanoTime()}. */
    synchronized long latest() {
        return this.latest;
    }

    /** The frame that arrives as the mark {@code number}. */
    static byte[] mark(long number) {
        return ("{\"type\":\"" + MARK + "\",\"mark\":" + number + "}").getBytes(StandardCharsets.UTF_8);
    }

    /** Waits for a mark, or the end of the connection; false if neither comes. */
    synchronized boolean awaitMark(long number, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!this.marks.remove(number)) {
            if (this.ended != null) {
                return true;
            }
            if (!await(deadline)) {
                return false;
            }
        }
        return true;
    }

    /** Waits for the first frame, or the end of the connection; false if neither comes. */
    synchronized boolean awaitWelcome(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (first("welcome") == null && this.ended == null) {
            if (!await(deadline)) {
                return false;
            }
        }
        return true;
    }

    /** Waits until the server has closed the connection; {@code null} if it does not. */
    synchronized @Nullable CloseReason awaitClosed(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (this.ended == null && await(deadline)) {}
        return this.closed;
    }

    /** Waits for the oldest matching frame that was not taken yet; {@code null} if there is none in time. */
    synchronized @Nullable JsonNode take(Predicate<JsonNode> wanted, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            for (Received received : this.frames) {
                if (!received.taken && wanted.test(received.frame)) {
                    received.taken = true;
                    return received.frame;
                }
            }
            if (this.ended != null || !await(deadline)) {
                return null;
            }
        }
    }

    /** The first frame of a type, taken or not. */
    synchronized @Nullable JsonNode first(String type) {
        return this.frames.stream()
                .map(received -> received.frame)
                .filter(frame -> isOf(frame, type))
                .findFirst()
                .orElse(null);
    }

    /** The newest position in a room that was received; {@code null} if there was none. */
    synchronized @Nullable String lastCursor(String room) {
        for (int i = this.frames.size() - 1; i >= 0; i--) {
            JsonNode frame = this.frames.get(i).frame;
            String cursor = frame.path("cursor").asString(null);
            if (cursor != null
                    && (isOf(frame, "event") || isOf(frame, "joined"))
                    && room.equals(frame.path("room").asString(""))) {
                return cursor;
            }
        }
        return null;
    }

    /** Whether a matching frame was not taken. */
    synchronized boolean hasUntaken(Predicate<JsonNode> wanted) {
        return this.frames.stream().anyMatch(received -> !received.taken && wanted.test(received.frame));
    }

    /** False when the time is up. */
    private boolean await(long deadline) {
        long left = deadline - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        try {
            // A millisecond more, so that the last wait does not end just before the deadline.
            wait(TimeUnit.NANOSECONDS.toMillis(left) + 1);
            return true;
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    static boolean isOf(JsonNode frame, String type) {
        return type.equals(frame.path("type").asString(""));
    }

    /** What a failure message shows: one line per frame. */
    synchronized String describe() {
        StringBuilder text = new StringBuilder("Received, oldest first (* not expected so far):");
        int first = Math.max(0, this.frames.size() - SHOWN);
        if (first + this.forgotten > 0) {
            text.append("\n    … ").append(first + this.forgotten).append(" earlier ones");
        }
        for (Received received : this.frames.subList(first, this.frames.size())) {
            text.append(received.taken ? "\n    " : "\n  * ").append(received.frame);
        }
        if (this.frames.isEmpty()) {
            text.append("\n    nothing");
        }
        if (this.ended != null) {
            text.append('\n').append(this.ended);
        }
        return text.toString();
    }
}
