package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Live heap for each connection that has joined a room and does nothing: 5,000 of them, two full collections. */
final class IdleMemory {

    private static final int CONNECTIONS = 5_000;

    private static final String DIRECT = "jvm.buffer.memory.used?tag=id:direct";

    private final Bench bench;

    IdleMemory(Bench bench) {
        this.bench = bench;
    }

    void run() throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | live heap for each connection | without connections | with 5,000 |
                | --- | --- | --- | --- |
                """);
        for (Peer peer : List.of(
                Peer.PRODUCT.called("realtime-spring-boot, as it comes (8 KB message buffers)"),
                Peer.NAIVE.called("naive Spring loop, 8 KB message buffers"),
                Peer.NAIVE.with("--bench.buffer=65536").called("naive Spring loop, 64 KB message buffers"))) {
            measure(peer, text);
        }
        this.bench.report().replace("memory", text.toString());
    }

    /** Heap and direct memory; the direct one is what the allocator has taken and not given back, as a whole. */
    void webFlux() throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | live heap for each connection | direct memory for each connection | together |
                | --- | --- | --- | --- |
                """);
        for (Peer peer : List.of(Peer.WEBFLUX, Peer.FLUX)) {
            Peer open = peer.with("--management.endpoints.web.exposure.include=metrics");
            try (Server server = Server.start(open, this.bench.logs(), "-Xmx2g")) {
                warmUp(server, peer);
                long heap = server.liveHeap();
                long direct = server.metric(DIRECT);
                Process client = this.bench.client().idle(server, peer, CONNECTIONS, 120);
                try {
                    awaitConnections(server, client);
                    double ofHeap = (server.liveHeap() - heap) / 1024.0 / CONNECTIONS;
                    double ofDirect = (server.metric(DIRECT) - direct) / 1024.0 / CONNECTIONS;
                    text.append(String.format(
                            Locale.ROOT,
                            "| %s | %.1f KB | %.1f KB | %.1f KB |%n",
                            peer.label(),
                            ofHeap,
                            ofDirect,
                            ofHeap + ofDirect));
                    System.out.print(text.substring(text.lastIndexOf("\n", text.length() - 2) + 1));
                } finally {
                    client.destroyForcibly();
                }
            }
        }
        this.bench.report().replace("webflux-memory", text.toString());
    }

    private void measure(Peer peer, StringBuilder text) throws IOException, InterruptedException {
        String heap = peer.label().contains("64 KB") ? "-Xmx3g" : "-Xmx2g";
        try (Server server = Server.start(peer, this.bench.logs(), heap)) {
            // What the first connection loads counts as the server's own.
            warmUp(server, peer);
            long before = server.liveHeap();
            Process client = this.bench.client().idle(server, peer, CONNECTIONS, 120);
            try {
                awaitConnections(server, client);
                long after = server.liveHeap();
                text.append(String.format(
                        Locale.ROOT,
                        "| %s | %.1f KB | %.0f MB | %.0f MB |%n",
                        peer.label(),
                        (after - before) / 1024.0 / CONNECTIONS,
                        before / 1048576.0,
                        after / 1048576.0));
                System.out.print(text.substring(text.lastIndexOf("\n", text.length() - 2) + 1));
            } finally {
                client.destroyForcibly();
            }
        }
    }

    private void warmUp(Server server, Peer peer) throws IOException, InterruptedException {
        Process client = this.bench.client().idle(server, peer, 50, 1);
        client.getInputStream().readAllBytes();
        client.waitFor(30, TimeUnit.SECONDS);
    }

    /** The client opens all connections before it rests; nothing tells when, so the server's sockets are counted. */
    private static void awaitConnections(Server server, Process client) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (server.sockets() < CONNECTIONS) {
            if (System.nanoTime() > deadline || !client.isAlive()) {
                throw new IOException("the connections did not come up");
            }
            client.waitFor(200, TimeUnit.MILLISECONDS);
        }
        client.waitFor(5, TimeUnit.SECONDS);
    }
}
