package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import tools.jackson.databind.json.JsonMapper;

/** The engine of one process, with the frames of the protocol and without a web server. */
final class Engine implements AutoCloseable {

    final RoomRegistry rooms = new RoomRegistry();
    final ConnectionRegistry connections = new ConnectionRegistry(this.rooms, Integer.MAX_VALUE, Integer.MAX_VALUE);
    final FanoutService fanout;
    private final JsonFrames frames = new JsonFrames(JsonMapper.shared());
    private final LocalFanout local;
    private final LocalBackplane backplane;
    private final RoomService roomService;

    Engine(FanoutSettings settings) {
        MemoryStreams streams = new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM);
        this.backplane = new LocalBackplane(streams);
        this.local = new LocalFanout(this.rooms, this.frames, null, settings, FanoutListener.none(), Ticker.SYSTEM);
        this.fanout = new FanoutService(
                "benchmark",
                this.local,
                this.backplane,
                streams,
                this.connections,
                key -> null,
                FanoutListener.none(),
                10_000,
                Duration.ofMinutes(2),
                Ticker.SYSTEM);
        this.roomService = new RoomService(this.rooms, this.connections, this.backplane, streams, 256);
        this.fanout.start();
    }

    Connection connect(ConnectionTransport transport) {
        Connection connection = new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                transport,
                QueueLimits.DEFAULTS,
                this.frames,
                ReplaySource.none(),
                this.roomService,
                Ticker.SYSTEM);
        this.connections.admit(connection, DuplicatePolicy.ALLOW);
        return connection;
    }

    void join(Connection connection, RoutingKey key) {
        this.rooms.join(key, connection.id());
    }

    @Override
    public void close() {
        this.backplane.close();
        this.local.close();
    }
}
