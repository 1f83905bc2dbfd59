package io.github.realtimespring.actuate;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.RoomRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What costs a visit of every connection or room, made at most once per second however many gauges ask. */
final class EngineSnapshot {

    private static final long FRESH = Duration.ofSeconds(1).toNanos();

    private final RoomRegistry rooms;
    private final ConnectionRegistry connections;
    private final QueueLimits limits;
    private final RoomPatterns patterns;
    private final Ticker ticker;
    private volatile @Nullable Taken last;

    EngineSnapshot(
            RoomRegistry rooms,
            ConnectionRegistry connections,
            QueueLimits limits,
            RoomPatterns patterns,
            Ticker ticker) {
        this.rooms = rooms;
        this.connections = connections;
        this.limits = limits;
        this.patterns = patterns;
        this.ticker = ticker;
    }

    /** The queues of one transport's connections. */
    record Queues(int connections, long messages, long bytes, int over50pct) {

        static final Queues NONE = new Queues(0, 0, 0, 0);

        Queues plus(Queues other) {
            return new Queues(
                    this.connections + other.connections,
                    this.messages + other.messages,
                    this.bytes + other.bytes,
                    this.over50pct + other.over50pct);
        }
    }

    /** The rooms of one pattern. */
    record Rooms(int rooms, long memberships) {

        static final Rooms NONE = new Rooms(0, 0);

        Rooms plus(Rooms other) {
            return new Rooms(this.rooms + other.rooms, this.memberships + other.memberships);
        }
    }

    /** One snapshot: by transport and by pattern. */
    record Taken(long nanos, Map<String, Queues> queues, Map<String, Rooms> rooms) {

        Queues queues(String transport) {
            return this.queues.getOrDefault(transport, Queues.NONE);
        }

        Queues allQueues() {
            return this.queues.values().stream().reduce(Queues.NONE, Queues::plus);
        }

        Rooms rooms(String pattern) {
            return this.rooms.getOrDefault(pattern, Rooms.NONE);
        }

        Rooms allRooms() {
            return this.rooms.values().stream().reduce(Rooms.NONE, Rooms::plus);
        }
    }

    /** A snapshot that is less than a second old. */
    Taken recent() {
        Taken taken = this.last;
        if (taken == null || this.ticker.nanos() - taken.nanos() > FRESH) {
            taken = now();
            this.last = taken;
        }
        return taken;
    }

    /** A snapshot of this moment. */
    Taken now() {
        Map<String, Queues> queues = new TreeMap<>();
        for (Connection connection : this.connections) {
            long bytes = connection.queue().bytes();
            int messages = connection.queue().size();
            boolean over = bytes * 2 > this.limits.maxBytes() || messages * 2L > this.limits.maxMessages();
            queues.merge(connection.transport().name(), new Queues(1, messages, bytes, over ? 1 : 0), Queues::plus);
        }
        Map<String, Rooms> rooms = new TreeMap<>();
        this.rooms.forEachKey((key, size) -> {
            if (key.kind() == RoutingKey.Kind.ROOM) {
                rooms.merge(this.patterns.pattern(key), new Rooms(1, size), Rooms::plus);
            }
        });
        return new Taken(this.ticker.nanos(), queues, rooms);
    }
}
