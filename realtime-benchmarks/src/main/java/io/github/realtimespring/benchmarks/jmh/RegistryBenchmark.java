package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.registry.Membership;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.registry.RoomRegistry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The registry through its public API, each figure beside the same on {@link SetsRegistry}. 10,000 connections are in
 * three rooms each: one of everybody, one of 100 and one of 4 members. A large room has 100,000 members.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class RegistryBenchmark {

    private static final int CONNECTIONS = 10_000;
    private static final int LARGE = 100_000;
    /** Coprime to the sizes: visits everybody, and no neighbours one after the other. */
    private static final int STRIDE = 6_967;

    private static final RoutingKey EVERYBODY = RoutingKey.room("everybody");
    private static final RoutingKey LARGE_ROOM = RoutingKey.room("large");

    private final RoomRegistry rooms = new RoomRegistry();
    private final SetsRegistry sets = new SetsRegistry();
    private final ConnectionId[] ids = new ConnectionId[LARGE];
    private final RoutingKey[] teams = new RoutingKey[CONNECTIONS / 100];
    private final RoutingKey[] documents = new RoutingKey[CONNECTIONS / 4];
    private int next;
    private int turn;

    @Setup
    public void fill() {
        for (int i = 0; i < this.teams.length; i++) {
            this.teams[i] = RoutingKey.room("team:" + i);
        }
        for (int i = 0; i < this.documents.length; i++) {
            this.documents[i] = RoutingKey.room("document:" + i);
        }
        for (int i = 0; i < LARGE; i++) {
            ConnectionId id = ConnectionId.random();
            this.ids[i] = id;
            this.rooms.register(id);
            this.rooms.join(LARGE_ROOM, id);
            this.sets.join(LARGE_ROOM, id);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            // Without the large room a connection has the three that the figure names.
            this.rooms.leave(LARGE_ROOM, this.ids[i]);
            this.sets.leave(LARGE_ROOM, this.ids[i]);
            for (int room = 0; room < 3; room++) {
                this.rooms.join(room(room, i), this.ids[i]);
                this.sets.join(room(room, i), this.ids[i]);
            }
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            ConnectionId id = ConnectionId.random();
            this.rooms.register(id);
            this.rooms.join(LARGE_ROOM, id);
            this.sets.join(LARGE_ROOM, id);
        }
    }

    private RoutingKey room(int which, int connection) {
        return switch (which) {
            case 0 -> EVERYBODY;
            case 1 -> this.teams[connection % this.teams.length];
            default -> this.documents[connection % this.documents.length];
        };
    }

    /** In several processes: where the collector has put the registry decides more than an iteration does. */
    @Benchmark
    @Fork(5)
    public MembershipChange joinAndLeave() {
        int connection = nextConnection();
        ConnectionId id = this.ids[connection];
        RoutingKey key = room(this.turn, connection);
        this.rooms.leave(key, id);
        return this.rooms.join(key, id);
    }

    @Benchmark
    @Fork(5)
    public boolean joinAndLeaveOfSets() {
        int connection = nextConnection();
        ConnectionId id = this.ids[connection];
        RoutingKey key = room(this.turn, connection);
        this.sets.leave(key, id);
        return this.sets.join(key, id);
    }

    /** Somebody leaves and comes back, then the members are read. */
    @Benchmark
    public List<Membership> dirtySnapshot() {
        ConnectionId id = this.ids[nextLarge()];
        this.rooms.leave(LARGE_ROOM, id);
        this.rooms.join(LARGE_ROOM, id);
        return this.rooms.members(LARGE_ROOM);
    }

    @Benchmark
    public ConnectionId[] dirtySnapshotOfSets() {
        ConnectionId id = this.ids[nextLarge()];
        this.sets.leave(LARGE_ROOM, id);
        this.sets.join(LARGE_ROOM, id);
        return this.sets.members(LARGE_ROOM);
    }

    @Benchmark
    public List<Membership> cleanSnapshot() {
        return this.rooms.members(LARGE_ROOM);
    }

    @Benchmark
    public ConnectionId[] cleanSnapshotOfSets() {
        return this.sets.members(LARGE_ROOM);
    }

    private int nextConnection() {
        this.next = (this.next + STRIDE) % CONNECTIONS;
        this.turn = this.turn == 2 ? 0 : this.turn + 1;
        return this.next;
    }

    private int nextLarge() {
        this.next = (this.next + STRIDE) % (LARGE - CONNECTIONS);
        return CONNECTIONS + this.next;
    }
}
