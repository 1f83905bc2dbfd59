package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Thirty members, three of them never read, 7 KB at 300 messages a second: more than 10 MB are meant for each. Measured from
 * the first message on, when their sockets still take some of it, between two measurements of the same server without them.
 */
final class SlowMembers {

    private static final String WARM_UP = "w8:7000:8";

    private static final String WITHOUT = "300:7000:8";

    /** Longer than {@code realtime.websocket.send-timeout}, by which they are cut. */
    private static final String WITH = "300:7000:16";

    /** A client that does not come back is let go after twice this. */
    private static final String POLL_WAIT = "--realtime.transports.long-poll.wait=4s";

    private static final int HEALTHY = 27;

    private static final int SLOW = 3;

    private static final String CLOSED = "realtime.connections.closed?tag=initiator:server";

    private final Bench bench;

    /**
     * @param without before and, of the product, after
     * @param cut connections that the product has closed meanwhile, by its own count: the load client does not see the
     *     end of what it never reads
     */
    private record Run(List<Result> without, Result with, long cut) {

        double p99Without() {
            return this.without.stream()
                    .mapToDouble(result -> result.number("p99"))
                    .average()
                    .orElseThrow();
        }
    }

    SlowMembers(Bench bench) {
        this.bench = bench;
    }

    /**
     * @param products the product on each of its servers
     * @param transports of its members
     * @param peers others, once each
     */
    void run(List<Peer> products, List<Transport> transports, List<Peer> peers)
            throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | members | healthy deliveries | latency p50 with slow members | p99 with | p99 without | p99 with ÷ without | memory at the end | slow members cut | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer product : products) {
            for (Transport transport : transports) {
                List<Run> runs = new ArrayList<>();
                for (int i = 0; i < this.bench.repetitions(); i++) {
                    runs.add(measure(transport.of(product).metered().with(POLL_WAIT), true));
                }
                row(text, "**" + product.label() + "**", transport, runs);
                this.bench.report().replace("slow members", text.toString());
            }
        }
        for (Peer peer : peers) {
            row(text, peer.label(), null, List.of(measure(peer, false)));
            this.bench.report().replace("slow members", text.toString());
        }
    }

    private Run measure(Peer peer, boolean product) throws IOException, InterruptedException {
        try (Server server = Server.start(peer, this.bench.logs())) {
            this.bench.client().warmUp(server, peer);
            measure(server, peer, "warm", WARM_UP, 0);
            List<Result> without = new ArrayList<>(List.of(measure(server, peer, "before", WITHOUT, 0)));
            if (!product) {
                return new Run(without, measure(server, peer, "with", WITH, SLOW), 0);
            }
            // Those who polled before may not be counted as cut.
            server.awaitNobody();
            long closed = server.counted(CLOSED);
            Result with = measure(server, peer, "with", WITH, SLOW);
            closed = server.counted(CLOSED) - closed;
            without.add(measure(server, peer, "after", WITHOUT, 0));
            return new Run(without, with, closed);
        }
    }

    /** @param room a new one each time, in which nobody is left */
    private Result measure(Server server, Peer peer, String room, String load, int slow)
            throws IOException, InterruptedException {
        return this.bench
                .client()
                .run(
                        server,
                        peer,
                        "--conns",
                        String.valueOf(HEALTHY + slow),
                        "--slow",
                        String.valueOf(slow),
                        "--room",
                        room,
                        "--phases",
                        load,
                        "--warmup",
                        "0")
                .get(0);
    }

    private static void row(StringBuilder text, String label, @Nullable Transport transport, List<Run> runs) {
        List<Result> with = runs.stream().map(Run::with).toList();
        boolean product = transport != null;
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s %% | %s ms | %s ms | %s ms | %s | %s MB | %s | %s |%n",
                label,
                transport != null ? transport.label() : Transport.WEBSOCKET.label(),
                Samples.of(with, result -> healthy(result, product)).text(0),
                Samples.of(with, result -> result.number("p50")).text(1),
                Samples.of(with, result -> result.number("p99")).text(1),
                Samples.of(runs, Run::p99Without).text(1),
                Samples.of(runs, run -> run.with().number("p99") / run.p99Without())
                        .text(1),
                Samples.of(with, result -> result.number("rss_kb") / 1024).text(0),
                product ? runs.stream().mapToLong(Run::cut).sum() + " of " + SLOW * runs.size() : "—",
                Result.flaws(with)));
    }

    /** Per cent; the product's publisher is a member as well. */
    private static double healthy(Result with, boolean product) {
        int readers = product ? HEALTHY + 1 : HEALTHY;
        return 100 * with.number("deliv_s") / (readers * Math.max(1, with.number("pub_s")));
    }
}
