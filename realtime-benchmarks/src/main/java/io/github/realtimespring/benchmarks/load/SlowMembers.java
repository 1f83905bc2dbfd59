package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Thirty members, three of them never read, 7 KB at 300 messages a second: more than 10 MB are pushed at each. */
final class SlowMembers {

    private static final int SECONDS = 8;

    private static final int SLOW = 3;

    private final Bench bench;

    /** Ends of slow members that the product counted; the load client does not see those of connections it never reads. */
    private int cut;

    SlowMembers(Bench bench) {
        this.bench = bench;
    }

    void run(List<Peer> peers) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | healthy deliveries | latency p50 with slow members | p99 with | p99 without | p99 with ÷ without | memory at the end | slow members cut |
                | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer peer : peers) {
            List<Double> with = new ArrayList<>();
            List<Double> median = new ArrayList<>();
            List<Double> without = new ArrayList<>();
            List<Double> ratios = new ArrayList<>();
            List<Double> healthy = new ArrayList<>();
            List<Double> memory = new ArrayList<>();
            this.cut = 0;
            int repetitions = peer == Peer.PRODUCT ? this.bench.repetitions() : 1;
            for (int i = 0; i < repetitions; i++) {
                Result without1 = measure(peer, 27, 0);
                Result with1 = measure(peer, 27 + SLOW, SLOW);
                without.add(without1.number("p99"));
                with.add(with1.number("p99"));
                median.add(with1.number("p50"));
                ratios.add(with1.number("p99") / without1.number("p99"));
                double published = with1.number("pub_s") * SECONDS;
                // The product's publisher is a member as well.
                int readers = peer == Peer.PRODUCT ? 28 : 27;
                healthy.add(100 * with1.number("deliv_s") * SECONDS / (readers * Math.max(1, published)));
                memory.add(with1.number("rss_kb") / 1024);
            }
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s %% | %s ms | %s ms | %s ms | %s | %s MB | %s |%n",
                    peer == Peer.PRODUCT ? "**" + peer.label() + "**" : peer.label(),
                    new Samples(healthy).text(0),
                    new Samples(median).text(1),
                    new Samples(with).text(1),
                    new Samples(without).text(1),
                    new Samples(ratios).text(1),
                    new Samples(memory).text(0),
                    peer == Peer.PRODUCT ? this.cut + " of " + SLOW * repetitions : "—"));
        }
        this.bench.report().replace("slow members", text.toString());
    }

    private Result measure(Peer peer, int connections, int slow) throws IOException, InterruptedException {
        Peer measured = peer == Peer.PRODUCT ? peer.with("--management.endpoints.web.exposure.include=metrics") : peer;
        try (Server server = Server.start(measured, this.bench.logs())) {
            Result result = this.bench
                    .client()
                    .run(
                            server,
                            peer,
                            "--conns",
                            String.valueOf(connections),
                            "--slow",
                            String.valueOf(slow),
                            "--phases",
                            "300:7000:" + SECONDS,
                            "--warmup",
                            "5")
                    .get(0);
            if (peer == Peer.PRODUCT && slow > 0) {
                this.cut += server.metric("realtime.connections.closed?tag=code:1013");
            }
            return result;
        }
    }
}
