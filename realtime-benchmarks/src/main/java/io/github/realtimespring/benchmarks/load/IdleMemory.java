package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Live heap for each connection that has joined a room and does nothing: 5,000 of them, two full collections. */
final class IdleMemory {

    private static final int CONNECTIONS = 5_000;

    private static final String PINNED = "bench.netty.pinned";

    private static final String RESERVED = "bench.netty.reserved";

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
            this.bench.report().replace("memory", text.toString());
        }
    }

    /**
     * The same for WebFlux, whose buffers are outside the heap. With Netty's pooled allocator the buffers that are in use are
     * known to the byte; what it takes from the system, and what the process grows by, come in chunks and in pages. The heap
     * is all there from the start, so the process grows by what is outside of it.
     */
    void webFlux() throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | live heap | buffers in use | together | reserved by Netty | direct buffers of the JVM | growth of the process outside the heap |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer peer : List.of(Peer.WEBFLUX, Peer.FLUX, Peer.IO_URING)) {
            Peer pooled = peer.metered().withJvm("-Dio.netty.allocator.type=pooled");
            try (Server server = Server.start(pooled, this.bench.logs())) {
                warmUp(server, peer);
                Footprint before = Footprint.of(server);
                Process client = this.bench.client().idle(server, peer, CONNECTIONS, 120);
                try {
                    awaitConnections(server, client);
                    text.append(Footprint.of(server).since(before).row(peer));
                } finally {
                    client.destroyForcibly();
                }
            }
            this.bench.report().replace("webflux-memory", text.toString());
        }
    }

    /** In bytes. */
    private record Footprint(long heap, long buffers, long reserved, long direct, long resident) {

        static Footprint of(Server server) throws IOException, InterruptedException {
            return new Footprint(
                    server.liveHeap(),
                    server.gauge(PINNED),
                    server.gauge(RESERVED),
                    server.gauge(DIRECT),
                    server.resident());
        }

        Footprint since(Footprint before) {
            return new Footprint(
                    this.heap - before.heap,
                    this.buffers - before.buffers,
                    this.reserved - before.reserved,
                    this.direct - before.direct,
                    this.resident - before.resident);
        }

        String row(Peer peer) {
            return String.format(
                    Locale.ROOT,
                    "| %s | %.2f KB | %.2f KB | %.2f KB | %.2f KB | %.2f KB | %.2f KB |%n",
                    peer.label(),
                    each(this.heap),
                    each(this.buffers),
                    each(this.heap + this.buffers),
                    each(this.reserved),
                    each(this.direct),
                    each(this.resident));
        }

        private static double each(long bytes) {
            return bytes / 1024.0 / CONNECTIONS;
        }
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
