package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * 1,000 members of one room, 200 bytes: a fixed rate of 20 messages a second, then a closed loop with 4 outstanding.
 * Reference, product, reference, and so on; each ratio is to the mean of both neighbours.
 */
final class Throughput {

    /** The first phase warms up: a JVM compiles for a while after the load has changed, and what runs once for a message late. */
    private static final String PHASES = "20:200:6,20:200:5,w4:200:4";

    private static final double NEIGHBOURS_DIFFER = 1.20;

    private final Bench bench;

    Throughput(Bench bench) {
        this.bench = bench;
    }

    /** One run of one peer: the fixed rate and the closed loop. */
    record Run(Result fixed, Result loop) {}

    /**
     * The product beside one reference.
     *
     * @param references n + 1 runs
     * @param products n runs, each between two references
     */
    record Comparison(Peer reference, List<Run> references, List<Run> products) {

        Samples ratios(ToDoubleFunction<Run> figure) {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < this.products.size(); i++) {
                double before = figure.applyAsDouble(this.references.get(i));
                double after = figure.applyAsDouble(this.references.get(i + 1));
                if (Math.max(before, after) <= NEIGHBOURS_DIFFER * Math.min(before, after)) {
                    ratios.add(figure.applyAsDouble(this.products.get(i)) / ((before + after) / 2));
                }
            }
            return new Samples(ratios);
        }
    }

    void run(List<Peer> references) throws IOException, InterruptedException {
        List<Comparison> comparisons = new ArrayList<>();
        for (Peer reference : references) {
            List<Run> others = new ArrayList<>();
            List<Run> products = new ArrayList<>();
            others.add(measure(reference));
            for (int i = 0; i < this.bench.repetitions(); i++) {
                products.add(measure(Peer.PRODUCT));
                others.add(measure(reference));
            }
            comparisons.add(new Comparison(reference, others, products));
        }
        this.bench.report().replace("throughput", table(comparisons));
        Chart.write(this.bench.report().image("throughput.svg"), comparisons);
    }

    private Run measure(Peer peer) throws IOException, InterruptedException {
        try (Server server = Server.start(peer, this.bench.logs())) {
            List<Result> results = this.bench
                    .client()
                    .run(server, peer, "--conns", "1000", "--phases", PHASES, "--warmup", "20", "--warm-window", "2");
            return new Run(results.get(1), results.get(2));
        }
    }

    private static String table(List<Comparison> comparisons) {
        StringBuilder text = new StringBuilder("""
                Medians and ranges of all runs; CPU in µs of the server for each delivery, latency in ms from publish to receipt.

                | server | CPU at 20/s | latency p50 | p99 | CPU in the closed loop | deliveries/s | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        List<Run> products = new ArrayList<>();
        comparisons.forEach(comparison -> products.addAll(comparison.products()));
        row(text, "**" + Peer.PRODUCT.label() + "**", products);
        for (Comparison comparison : comparisons) {
            row(text, comparison.reference().label(), comparison.references());
        }
        text.append("""

                The product's CPU per delivery as a multiple of each neighbour's, pair by pair (pairs whose neighbours differ by more than 20 % are left out):

                | against | at 20/s | closed loop | valid pairs |
                | --- | --- | --- | --- |
                """);
        for (Comparison comparison : comparisons) {
            Samples fixed = comparison.ratios(run -> run.fixed().cpu());
            Samples loop = comparison.ratios(run -> run.loop().cpu());
            text.append(String.format(
                    "| %s | %s | %s | %d and %d of %d |%n",
                    comparison.reference().label(),
                    fixed.text(2),
                    loop.text(2),
                    fixed.values().size(),
                    loop.values().size(),
                    comparison.products().size()));
        }
        return text.toString();
    }

    private static void row(StringBuilder text, String label, List<Run> runs) {
        long lost = 0;
        double doubled = 0;
        double reordered = 0;
        for (Run run : runs) {
            for (Result result : List.of(run.fixed(), run.loop())) {
                lost += result.lost();
                doubled += result.number("dups");
                reordered += result.number("reordered");
            }
        }
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s | %d, %.0f, %.0f |%n",
                label,
                samples(runs, run -> run.fixed().cpu()).text(1),
                samples(runs, run -> run.fixed().number("p50")).text(1),
                samples(runs, run -> run.fixed().number("p99")).text(1),
                samples(runs, run -> run.loop().cpu()).text(1),
                samples(runs, run -> run.loop().number("deliv_s")).text(0),
                lost,
                doubled,
                reordered));
    }

    static Samples samples(List<Run> runs, ToDoubleFunction<Run> figure) {
        return new Samples(runs.stream().map(figure::applyAsDouble).toList());
    }
}
