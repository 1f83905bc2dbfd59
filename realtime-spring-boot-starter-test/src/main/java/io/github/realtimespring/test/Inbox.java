package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What one client received, in order. Every frame is expected at most once: {@link #take} marks the frame it returns.
 * Guarded by its own monitor, a leaf.
 */
final class Inbox {

    /** How many frames a failure message shows. */
    private static final int SHOWN = 40;

    private final JsonMapper mapper;
    private final List<Received> frames = new ArrayList<>();
    private @Nullable CloseReason closed;

    private static final class Received {

        private final JsonNode frame;
        private boolean taken;

        Received(JsonNode frame, boolean taken) {
            this.frame = frame;
            this.taken = taken;
        }
    }

    Inbox(JsonMapper mapper) {
        this.mapper = mapper;
    }

    /** Adds a frame; true if it is a heartbeat, which nobody has to expect. */
    boolean add(String text) {
        JsonNode frame = this.mapper.readTree(text);
        boolean ping = isOf(frame, "ping");
        synchronized (this) {
            this.frames.add(new Received(frame, ping || isOf(frame, "welcome")));
            notifyAll();
        }
        return ping;
    }

    synchronized void closed(CloseReason reason) {
        if (this.closed == null) {
            this.closed = reason;
            notifyAll();
        }
    }

    /** Waits until the server has closed the connection; {@code null} if it does not. */
    synchronized @Nullable CloseReason awaitClosed(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (this.closed == null && await(deadline)) {}
        return this.closed;
    }

    /** Waits for the oldest matching frame that was not taken yet; {@code null} if there is none in time. */
    synchronized @Nullable JsonNode take(Predicate<JsonNode> wanted, Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        int next = 0;
        while (true) {
            for (; next < this.frames.size(); next++) {
                Received received = this.frames.get(next);
                if (!received.taken && wanted.test(received.frame)) {
                    received.taken = true;
                    return received.frame;
                }
            }
            if (this.closed != null || !await(deadline)) {
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
        if (first > 0) {
            text.append("\n    … ").append(first).append(" earlier ones");
        }
        for (Received received : this.frames.subList(first, this.frames.size())) {
            text.append(received.taken ? "\n    " : "\n  * ").append(received.frame);
        }
        if (this.frames.isEmpty()) {
            text.append("\n    nothing");
        }
        if (this.closed != null) {
            text.append("\nClosed by the server: ")
                    .append(this.closed.code())
                    .append(' ')
                    .append(this.closed.text());
        }
        return text.toString();
    }
}
