package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.LoadClient.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One room of 10,000 members that gets 2 messages a second, 20,000 deliveries, and twenty WebSockets in rooms of their own,
 * which are pinged and publish to themselves ten times a second each: what the fanout does to everybody else.
 */
final class LargeRoom {

    private static final int MEMBERS = 10_000;

    private static final int OTHERS = 20;

    /** 10,000 connections hold 700 MB. */
    private static final String HEAP = "-Xmx2g";

    private static final String CLOSED = "realtime.connections.closed";

    private final Bench bench;

    /**
     * Two phases on the same connections.
     *
     * @param alone nothing is published to the room
     * @param cut connections that the server counted as closed during both
     */
    private record Run(Result alone, Result fanout, long cut) {

        /** As both ends see it: the load client does not know of connections that it never looks at, nor the server of what is lost on the way. */
        long closed() {
            return Math.max(this.cut, (long) this.fanout.number("closed"));
        }
    }

    LargeRoom(Bench bench) {
        this.bench = bench;
    }

    /** @param products the product on each of its servers */
    void run(List<Peer> products, List<Transport> transports) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | members | deliveries/s | CPU per delivery (µs) | latency p50 | p99 | others' ping p50 | p99 | longest | p99 without the fanout | others' own events p50 | p99 | longest | p99 without | cut | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer product : products) {
            for (Transport transport : transports) {
                List<Run> runs = new ArrayList<>();
                for (int i = 0; i < this.bench.repetitions(); i++) {
                    runs.add(measure(transport.of(product).metered()));
                }
                row(text, product, transport, runs);
                this.bench.report().replace("large room", text.toString());
            }
        }
    }

    private Run measure(Peer peer) throws IOException, InterruptedException {
        try (Server server = Server.start(peer, this.bench.logs(), HEAP)) {
            this.bench.client().warmUp(server, peer);
            server.awaitNobody();
            List<String> load =
                    List.of("--conns", String.valueOf(MEMBERS), "--pingers", String.valueOf(OTHERS), "--settle", "3");
            try (Session session = this.bench.client().open(server, peer, load)) {
                session.measure("2:200:8");
                long before = server.counted(CLOSED);
                Result alone = session.measure("0:200:8");
                Result fanout = session.measure("2:200:15");
                return new Run(alone, fanout, server.counted(CLOSED) - before);
            }
        }
    }

    private static void row(StringBuilder text, Peer product, Transport transport, List<Run> runs) {
        List<Result> alone = runs.stream().map(Run::alone).toList();
        List<Result> fanout = runs.stream().map(Run::fanout).toList();
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %.0f | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d | %s |%n",
                product.label(),
                transport.label(),
                Samples.of(fanout, result -> result.number("deliv_s")).median(),
                Samples.of(fanout, Result::cpu).text(1),
                milliseconds(fanout, "p50"),
                milliseconds(fanout, "p99"),
                milliseconds(fanout, "ping50"),
                milliseconds(fanout, "ping99"),
                milliseconds(fanout, "ping_max"),
                milliseconds(alone, "ping99"),
                milliseconds(fanout, "echo50"),
                milliseconds(fanout, "echo99"),
                milliseconds(fanout, "echo_max"),
                milliseconds(alone, "echo99"),
                runs.stream().mapToLong(Run::closed).sum(),
                Result.flaws(fanout)));
    }

    private static String milliseconds(List<Result> results, String field) {
        return Samples.of(results, result -> result.number(field)).text(1);
    }
}
