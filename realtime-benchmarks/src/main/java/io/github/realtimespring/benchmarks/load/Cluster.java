package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Two nodes of one peer and the Redis that they share, all on the first core.
 *
 * @param here where publishers are connected
 * @param there where members are
 */
record Cluster(Peer peer, Redis redis, Server here, Server there) implements AutoCloseable {

    /** @param on gives the peer that uses the Redis on a port */
    static Cluster start(Bench bench, IntFunction<Peer> on) throws IOException, InterruptedException {
        Redis redis = Redis.start(bench.logs());
        Server here = null;
        Server there = null;
        try {
            Peer peer = on.apply(redis.port());
            here = Server.start(peer.called(peer.label() + ", node 1"), bench.logs());
            there = Server.start(peer.called(peer.label() + ", node 2"), bench.logs());
            if (peer.jvm() != null) {
                here.awaitHealthy();
                there.awaitHealthy();
            }
            return new Cluster(peer, redis, here, there);
        } catch (IOException | InterruptedException | RuntimeException ex) {
            close(redis, here, there);
            throw ex;
        }
    }

    /**
     * A member of the room on each node, of which the one here publishes. CPU is that of both nodes and of Redis.
     *
     * @param protocol what the load client is told besides about the protocol
     */
    Session hop(LoadClient client, String room, List<String> protocol) throws IOException {
        List<String> load = new ArrayList<>(List.of(
                "--conns",
                "1",
                "--room",
                room,
                "--pub-joins",
                "--pub-port",
                String.valueOf(this.here.port()),
                "--pid",
                this.here.pid() + "," + this.there.pid() + "," + this.redis.pid()));
        load.addAll(protocol);
        return client.open(this.there, this.peer, load);
    }

    @Override
    public void close() {
        close(this.redis, this.here, this.there);
    }

    private static void close(Redis redis, @Nullable Server here, @Nullable Server there) {
        if (here != null) {
            here.close();
        }
        if (there != null) {
            there.close();
        }
        redis.close();
    }
}
